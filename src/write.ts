import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Artifact } from './render/types.ts';
import type { Problem } from './spec/types.ts';

/** What came of a write, or of looking whether one is needed. Paths are relative to the output directory. */
export interface Outcome {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  readonly problems: readonly Problem[];
}

/** Remembers what we wrote, by sha256, so that a file of somebody else's, or one edited since, is never overwritten. */
const MANIFEST = '.toa-bake.json';
type Manifest = Readonly<Record<string, string>>;

/** Writes all artifacts or, where something stands in the way, none. `force` overwrites what is not ours. */
export function writeArtifacts(dir: string, artifacts: readonly Artifact[], force: boolean): Outcome {
  const nothing = { written: [], unchanged: [] };
  const blocked = whyNotWritable(dir);
  if (blocked) return { ...nothing, problems: [blocked] };
  const manifest = readManifest(dir);
  const foreign = force ? [] : artifacts.filter((a) => isForeign(dir, a, manifest));
  if (foreign.length > 0) return { ...nothing, problems: foreign.map((a) => foreignProblem(dir, a)) };
  const [unchanged, changed] = split(artifacts, (a) => readOrNull(join(dir, a.path)) === a.content);
  try {
    const staged = changed.map((a) => stage(join(dir, a.path), a.content, a.mode));
    const known = { ...manifest, ...Object.fromEntries(artifacts.map((a) => [a.path, sha256(a.content)])) };
    const list = stage(join(dir, MANIFEST), `${JSON.stringify(sorted(known), null, 2)}\n`, 0o644);
    for (const { temporary, final } of [list, ...staged]) renameSync(temporary, final);
  } catch (error) {
    for (const a of [...changed, { path: MANIFEST }]) rmSync(temporaryName(join(dir, a.path)), { force: true });
    return { ...nothing, problems: [unwritable(dir, error instanceof Error ? error.message : String(error))] };
  }
  return { written: changed.map((a) => a.path), unchanged: unchanged.map((a) => a.path), problems: [] };
}

/** Compares without writing: a problem for every artifact that is missing or differs. */
export function checkArtifacts(dir: string, artifacts: readonly Artifact[]): Outcome {
  const [unchanged, changed] = split(artifacts, (a) => readOrNull(join(dir, a.path)) === a.content);
  const problems = changed.map((a): Problem => {
    const how = existsSync(join(dir, a.path)) ? 'differs from' : 'is missing for';
    return {
      code: 'output/drift',
      severity: 'error',
      path: [],
      message: `${join(dir, a.path)} ${how} what the spec gives now`,
      hint: 'run `toa-bake render` and commit the result',
    };
  });
  return { written: [], unchanged: unchanged.map((a) => a.path), problems };
}

function isForeign(dir: string, { path, content }: Artifact, manifest: Manifest): boolean {
  const there = readOrNull(join(dir, path));
  return there !== null && there !== content && manifest[path] !== sha256(there);
}

function foreignProblem(dir: string, { path }: Artifact): Problem {
  return {
    code: 'output/foreign',
    severity: 'error',
    path: [],
    message: `${join(dir, path)} is there and not as toa-bake wrote it; expected no file, or an unchanged one of ours`,
    hint: 'choose another directory with -o, or say --force to overwrite it',
  };
}

/** The nearest directory that exists must be one, and ours to write in. */
function whyNotWritable(dir: string): Problem | undefined {
  let at = resolve(dir);
  while (!existsSync(at)) at = dirname(at);
  if (!statSync(at).isDirectory()) return unwritable(dir, `${relative('', at) || at} is not a directory`);
  try {
    accessSync(at, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return unwritable(dir, `no permission to write in ${at.split(sep).at(-1) ? at : sep}`);
  }
}

function unwritable(dir: string, why: string): Problem {
  return {
    code: 'output/unwritable',
    severity: 'error',
    path: [],
    message: `cannot write below ${dir}: ${why}`,
    hint: 'choose another directory with -o',
  };
}

function readManifest(dir: string): Manifest {
  const text = readOrNull(join(dir, MANIFEST));
  try {
    return text === null ? {} : (JSON.parse(text) as Manifest);
  } catch {
    // An unreadable list means that nothing is known to be ours: the files are then protected, not overwritten.
    return {};
  }
}

/** Written and closed beside its final name; a rename puts it in place at once. */
function stage(final: string, content: string, mode: number): { readonly temporary: string; readonly final: string } {
  const temporary = temporaryName(final);
  mkdirSync(dirname(final), { recursive: true });
  writeFileSync(temporary, content, { mode, flush: true });
  return { temporary, final };
}

function temporaryName(final: string): string {
  return `${final}.toa-new`;
}

function readOrNull(path: string): string | null {
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : null;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function sorted(record: Manifest): Manifest {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function split<T>(items: readonly T[], is: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(is), items.filter((item) => !is(item))];
}
