import { Unreadable } from '../../image/look.ts';
import { type Clause, parseGrubScript, type Statement, type Word } from './grub-script.ts';
import { test } from './grub-test.ts';
import type { Entry } from './types.ts';

/** What a script may look at. Paths are as GRUB has them: from the root of some partition. */
export interface GrubWorld {
  /** Length of a file; undefined: it is not there. */
  readonly size: (path: string) => Promise<number | undefined>;
  readonly isDirectory: (path: string) => Promise<boolean>;
  readonly text: (path: string) => Promise<string | undefined>;
  /** Entries of the Boot Loader Specification, in GRUB's order, for the command blscfg. */
  readonly blsEntries: (variables: ReadonlyMap<string, string>) => Promise<readonly Entry[]>;
}

/** An entry of the menu, or a submenu of such. */
export interface MenuItem extends Entry {
  readonly items: readonly MenuItem[] | null;
}

/** What a script leaves behind. */
export interface GrubMenu {
  readonly items: readonly MenuItem[];
  readonly variables: ReadonlyMap<string, string>;
  readonly usesBls: boolean;
}

interface State {
  readonly world: GrubWorld;
  readonly variables: Map<string, string>;
  readonly functions: Map<string, readonly Statement[]>;
  items: MenuItem[];
  usesBls: boolean;
  kernel: readonly string[] | null;
  steps: number;
  depth: number;
}

const MOST_STEPS = 20_000;
const DEEPEST = 20;
const LONGEST_WORD = 64 * 1024;

/** Commands that wait for a person or ask hardware: here nobody answers. */
const FAILING: ReadonlySet<string> = new Set(['false', 'keystatus', 'sleep', 'cmostest', 'authenticate']);

/** Runs a script as GRUB would, as far as its menu depends on it. */
export async function runGrubScript(
  text: string,
  variables: Readonly<Record<string, string>>,
  world: GrubWorld,
): Promise<GrubMenu> {
  const state: State = {
    world,
    variables: new Map(Object.entries(variables)),
    functions: new Map(),
    items: [],
    usesBls: false,
    kernel: null,
    steps: 0,
    depth: 0,
  };
  await runAll(state, parseGrubScript(text));
  return state;
}

/** Runs statements; the last one's outcome is theirs. */
async function runAll(state: State, statements: readonly Statement[]): Promise<boolean> {
  state.depth += 1;
  if (state.depth > DEEPEST) throw new Unreadable('the script calls itself too deeply');
  let outcome = true;
  for (const statement of statements) {
    state.steps += 1;
    if (state.steps > MOST_STEPS) throw new Unreadable('the script does not come to an end');
    outcome = await run(state, statement);
  }
  state.depth -= 1;
  return outcome;
}

async function run(state: State, statement: Statement): Promise<boolean> {
  switch (statement.kind) {
    case 'if':
      return runAll(state, await branch(state, statement.clauses, statement.otherwise));
    case 'for': {
      const [variable = '', , ...values] = expand(state, statement.words);
      for (const value of values) {
        state.variables.set(variable, value);
        await runAll(state, statement.body);
      }
      return true;
    }
    case 'function':
      state.functions.set(statement.name, statement.body);
      return true;
    default:
      return command(state, expand(state, statement.words), statement.block);
  }
}

async function branch(
  state: State,
  clauses: readonly Clause[],
  otherwise: readonly Statement[],
): Promise<readonly Statement[]> {
  for (const { condition, body } of clauses) if (await runAll(state, condition)) return body;
  return otherwise;
}

async function command(
  state: State,
  [name = '', ...words]: readonly string[],
  block: readonly Statement[] | null,
): Promise<boolean> {
  const assignment = /^(\w+)=(.*)$/s.exec(name === 'set' ? (words[0] ?? '') : name);
  if (assignment) {
    state.variables.set(assignment[1] ?? '', assignment[2] ?? '');
    return true;
  }
  const body = state.functions.get(name);
  if (body) return runAll(state, body);
  switch (name) {
    case 'menuentry':
    case 'submenu':
      state.items.push(await menuItem(state, name, words, block ?? []));
      return true;
    case 'linux':
    case 'linux16':
    case 'linuxefi':
      state.kernel = words;
      return true;
    case '[':
      return test(state.world, words.slice(0, words.lastIndexOf(']')));
    case 'test':
      return test(state.world, words);
    case 'unset':
      for (const word of words) state.variables.delete(word);
      return true;
    case 'load_env':
      return loadEnv(state, words);
    case 'source':
    case '.':
    case 'configfile': {
      const text = await state.world.text(words[0] ?? '');
      return text === undefined ? false : runAll(state, parseGrubScript(text));
    }
    case 'blscfg':
      state.usesBls = true;
      for (const entry of await state.world.blsEntries(state.variables)) state.items.push({ ...entry, items: null });
      return true;
    default:
      return !FAILING.has(name);
  }
}

/** Runs the block of an entry apart from the rest, for the kernel that it would start. */
async function menuItem(
  state: State,
  kind: 'menuentry' | 'submenu',
  words: readonly string[],
  block: readonly Statement[],
): Promise<MenuItem> {
  const { title, id } = namesOf(words);
  const inner: State = { ...state, variables: new Map(state.variables), items: [], kernel: null };
  await runAll(inner, block);
  state.steps = inner.steps;
  const [kernel = null, ...commandLine] = inner.kernel ?? [];
  return {
    title,
    id,
    kernel,
    commandLine: commandLine.join(' '),
    items: kind === 'submenu' ? inner.items : null,
  };
}

const OPTIONS_WITH_VALUE: ReadonlySet<string> = new Set(['--class', '--users', '--hotkey', '--source']);

function namesOf(words: readonly string[]): { readonly title: string; readonly id: string } {
  let title: string | undefined;
  let id: string | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--id') id = words[++at];
    else if (word.startsWith('--id=')) id = word.slice('--id='.length);
    else if (OPTIONS_WITH_VALUE.has(word)) at += 1;
    else if (!word.startsWith('--')) title ??= word;
  }
  return { title: title ?? '', id: id ?? title ?? '' };
}

async function loadEnv(state: State, words: readonly string[]): Promise<boolean> {
  const at = words.findIndex((word) => word === '-f' || word === '--file');
  const path = at < 0 ? `${state.variables.get('prefix')}/grubenv` : (words[at + 1] ?? '');
  const only = words.filter((word, index) => !word.startsWith('-') && (at < 0 || index !== at + 1));
  const text = await state.world.text(path);
  if (text === undefined) return false;
  for (const [, key = '', value = ''] of text.matchAll(/^(\w+)=(.*)$/gm)) {
    if (only.length === 0 || only.includes(key)) state.variables.set(key, value.replaceAll('\\\\', '\\'));
  }
  return true;
}

/** Words with their variables' values: what is not quoted splits at spaces, and goes where it is empty. */
function expand({ variables }: State, words: readonly Word[]): readonly string[] {
  const found: string[] = [];
  for (const word of words) {
    let text = '';
    let stays = false;
    for (const part of word) {
      const value = part.variable ? variableOf(variables, part.text) : part.text;
      stays ||= part.quoted || !part.variable;
      const [before = '', ...after] = part.variable && !part.quoted ? value.split(/\s+/) : [value];
      text += before;
      for (const next of after) {
        found.push(text);
        text = next;
      }
      if (text.length > LONGEST_WORD) throw new Unreadable('the script has a word without end');
    }
    if (stays || text !== '') found.push(text);
  }
  return found;
}

/** Scripts ask for features of GRUB; one of today has them all. */
function variableOf(variables: ReadonlyMap<string, string>, name: string): string {
  return variables.get(name) ?? (name.startsWith('feature_') ? 'y' : '');
}
