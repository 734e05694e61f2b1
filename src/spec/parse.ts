import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { Path, Problem, Settings, Spec, TargetSpec, Wanted } from './types.ts';
import { validateSchema } from './validate.ts';

/** A spec's text, read: what is sound in it, what is wrong with it, and the way from a path to its line. */
export interface ParsedSpec {
  /** Holds what is sound even where `problems` is not empty, so that later stages can report theirs in the same run. */
  readonly spec: Spec;
  readonly problems: readonly Problem[];
  /** Gives a problem found later its line and column: those of the path's deepest part that is in the text. */
  readonly locate: (problem: Problem) => Problem;
}

/** Text -> Spec. Pure; never throws for what a user can write. */
export function parseSpec(text: string): ParsedSpec {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const locate = (problem: Problem): Problem => ({ ...problem, ...position(doc, lines, problem.path) });
  const broken = syntaxProblems(doc, lines, text);
  if (broken.length > 0) return { spec: { wanted: [] }, problems: broken, locate };
  const data: unknown = doc.toJS({ maxAliasCount: 100 });
  if (data === null || data === undefined) return { spec: { wanted: [] }, problems: [EMPTY], locate };
  const problems = validateSchema(data).map(locate);
  return { spec: { wanted: normalise(data, problems) }, problems, locate };
}

const EMPTY: Problem = {
  code: 'spec/empty',
  severity: 'error',
  path: [],
  line: 1,
  column: 1,
  message: 'the spec is empty; expected a YAML mapping with version, trust and targets',
  hint: '`toa-bake init` writes a commented one to start from',
};

/** Faults that are YAML's own, before any schema. */
function syntaxProblems(doc: Document.Parsed, lines: LineCounter, text: string): Problem[] {
  return doc.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    const shown = JSON.stringify(text.split('\n')[line - 1]?.trim().slice(0, 60) ?? '');
    const known = SYNTAX[error.code];
    return {
      code: known?.code ?? 'spec/syntax',
      severity: 'error',
      path: [],
      line,
      column: col,
      message: `${known?.message ?? `not valid YAML: ${error.message}`}; found ${shown}`,
      ...(known?.hint && { hint: known.hint }),
    };
  });
}

const SYNTAX: Readonly<Record<string, { code: string; message: string; hint?: string }>> = {
  DUPLICATE_KEY: {
    code: 'spec/duplicate-key',
    message: 'the same key stands twice in one mapping; expected it once',
    hint: 'remove one of the two',
  },
  TAB_AS_INDENT: {
    code: 'spec/tab',
    message: 'a tab indents this line; expected spaces',
    hint: 'YAML allows spaces only for indentation',
  },
  MULTIPLE_DOCS: {
    code: 'spec/syntax',
    message: 'a second YAML document begins here; expected one document',
    hint: 'use one file a spec',
  },
};

function position(doc: Document.Parsed, lines: LineCounter, path: Path): { line: number; column: number } {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = nodeAt(doc, path.slice(0, depth));
    if (node?.range) {
      const { line, col } = lines.linePos(node.range[0]);
      return { line: Math.max(line, 1), column: Math.max(col, 1) };
    }
  }
  return { line: 1, column: 1 };
}

/** A mapping's entry is best pointed at by its key, a list's by itself. */
function nodeAt(doc: Document.Parsed, path: Path): Node | null | undefined {
  const parent = path.length > 0 ? doc.getIn(path.slice(0, -1), true) : undefined;
  const last = path.at(-1);
  if (isMap(parent)) {
    const key = parent.items.find((pair) => isScalar(pair.key) && pair.key.value === last)?.key;
    return isNode(key) ? key : undefined;
  }
  const node = doc.getIn(path, true);
  return isNode(node) ? node : undefined;
}

const SETTINGS = [
  'trust',
  'option',
  'clouds',
  'arch',
  'secureBoot',
  'method',
  'kernel',
  'boot',
  'untrusted',
  'signing',
  'payload',
  'files',
] as const;

/** The sound targets, the top's sound settings merged in. Only what the schema has passed is touched. */
function normalise(data: unknown, problems: readonly Problem[]): Wanted[] {
  const unsound = (at: Path): boolean => problems.some((p) => at.every((step, i) => p.path[i] === step));
  const isMapping = (x: unknown): x is Record<string, unknown> =>
    typeof x === 'object' && x !== null && !Array.isArray(x);
  if (!isMapping(data) || !Array.isArray(data.targets)) return [];
  const sound = SETTINGS.filter((key) => key in data && !unsound([key]));
  const defaults: Settings = Object.fromEntries(sound.map((key) => [key, data[key]]));
  return data.targets.flatMap((entry: unknown, i): Wanted[] => {
    if (unsound(['targets', i])) return [];
    // The schema has passed this entry: a string, or an object of this shape.
    const own = (typeof entry === 'string' ? { os: entry } : entry) as TargetSpec;
    return [{ ...defaults, ...own, at: ['targets', i], own: Object.keys(own) }];
  });
}
