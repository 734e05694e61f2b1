import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
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
type Manifest = ReadonlyMap<string, string>;

/** Writes all artifacts or, where something stands in the way, none. `force` overwrites files that are not ours. */
export function writeArtifacts(dir: string, artifacts: readonly Artifact[], force: boolean): Outcome {
  const paths = [...artifacts.map((a) => a.path), MANIFEST];
  // A link to a directory would have us write elsewhere than asked; links above it are the machine's own business.
  const blocked = kindOf(dir) === 'symbolic link' ? inTheWay(dir, 'directory') : obstacles(dir, paths);
  if (blocked.length > 0) return failed(blocked);
  const manifest = readManifest(dir);
  const foreign = force ? [] : artifacts.filter((a) => isForeign(dir, a, manifest)).map((a) => join(dir, a.path));
  if (foreign.length > 0) return failed(foreign.map(foreignProblem));
  const [unchanged, changed] = compare(dir, artifacts);
  const known = new Map([...manifest, ...artifacts.map((a) => [a.path, sha256(a.content)] as const)]);
  const problem = replaceAll(dir, [...changed, { path: MANIFEST, mode: 0o644, content: printManifest(known) }]);
  return problem
    ? failed([problem])
    : { written: changed.map((a) => a.path), unchanged: unchanged.map((a) => a.path), problems: [] };
}

/** Compares without writing: a problem for every artifact that is missing or differs. */
export function checkArtifacts(dir: string, artifacts: readonly Artifact[]): Outcome {
  const [unchanged, changed] = compare(dir, artifacts);
  const problems = changed.map((a): Problem => {
    const how = kindOf(join(dir, a.path)) === 'nothing' ? 'is missing' : 'differs from what the spec gives now';
    return {
      code: 'output/drift',
      severity: 'error',
      path: [],
      message: `${join(dir, a.path)} ${how}; expected the bytes that \`toa-bake render\` writes`,
      hint: 'run `toa-bake render` and commit the result',
    };
  });
  return { written: [], unchanged: unchanged.map((a) => a.path), problems };
}

/** Writes one file that no manifest remembers. What is there is overwritten only with `force`, or where it says the same. */
export function writeSingle(path: string, content: string, force: boolean): Problem | undefined {
  const dir = dirname(path);
  const name = basename(path);
  const [blocked] = obstacles(dir, [name]);
  if (blocked) return blocked;
  const there = readText(path);
  if (there === content) return undefined;
  return there !== null && !force ? foreignProblem(path) : replaceAll(dir, [{ path: name, mode: 0o644, content }]);
}

/** Puts all files in place, or none: each is complete beside its final name before the first is renamed. */
function replaceAll(dir: string, artifacts: readonly Artifact[]): Problem | undefined {
  const made: string[] = [];
  try {
    for (const { path, mode, content } of artifacts) {
      const final = join(dir, path);
      makeFolder(dirname(final), made);
      // Noted first: a write that fails half-way leaves a part. wx: a link laid out under this name is not followed. A power cut must
      // not leave less than there was; what is new can be rendered again, and waiting for the disk is most of the time that it takes.
      made.push(temporaryName(final));
      writeFileSync(temporaryName(final), content, { mode, flush: existsSync(final), flag: 'wx' });
    }
    for (const { path } of artifacts) renameSync(temporaryName(join(dir, path)), join(dir, path));
    return undefined;
  } catch (error) {
    for (const path of made.reverse()) rmSync(path, { recursive: true, force: true });
    return unwritable(dir, error instanceof Error ? error.message : String(error));
  }
}

/** One by one: mkdirSync's own `recursive` never returns below a file system like /proc, which has no place for new ones. */
function makeFolder(path: string, made: string[]): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), made);
  mkdirSync(path);
  made.push(path);
}

function temporaryName(final: string): string {
  return `${final}.toa-new-${process.pid}`;
}

/** What no --force can overcome: a place that cannot be written, or something on the way to a file that is no directory. */
function obstacles(dir: string, paths: readonly string[]): readonly Problem[] {
  const blocked = whyNotWritable(dir);
  if (blocked) return [blocked];
  const folders = new Set(paths.flatMap((path) => foldersOf(path)));
  return [
    ...[...folders].flatMap((path) => inTheWay(join(dir, path), 'directory')),
    ...paths.flatMap((path) => inTheWay(join(dir, path), 'file')),
  ];
}

/** `a/b/c` -> `a`, `a/b`. */
function foldersOf(path: string): readonly string[] {
  const steps = path.split('/').slice(0, -1);
  return steps.map((_, i) => steps.slice(0, i + 1).join('/'));
}

function inTheWay(path: string, expected: 'directory' | 'file'): readonly Problem[] {
  const kind = kindOf(path);
  if (kind === 'nothing' || kind === expected) return [];
  return [
    {
      code: 'output/foreign',
      severity: 'error',
      path: [],
      message: `${path} is a ${kind}; expected a ${expected}, or nothing`,
      hint: 'move it away, or choose another directory with -o',
    },
  ];
}

/** The nearest directory that exists must be one, and ours to write in. */
function whyNotWritable(dir: string): Problem | undefined {
  let at = resolve(dir);
  while (kindOf(at) === 'nothing') at = dirname(at);
  const shown = relative('', at) || at;
  if (!statSync(at, { throwIfNoEntry: false })?.isDirectory()) return unwritable(dir, `${shown} is not a directory`);
  try {
    accessSync(at, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return unwritable(dir, `no permission to write in ${shown}`);
  }
}

type Kind = 'nothing' | 'file' | 'unreadable file' | 'directory' | 'symbolic link' | 'special file';

/** What stands at a path itself; a link is a link, wherever it leads. */
function kindOf(path: string): Kind {
  let stats: Stats;
  try {
    stats = lstatSync(path);
  } catch {
    return 'nothing';
  }
  if (stats.isSymbolicLink()) return 'symbolic link';
  if (stats.isDirectory()) return 'directory';
  if (!stats.isFile()) return 'special file';
  try {
    accessSync(path, constants.R_OK);
    return 'file';
  } catch {
    return 'unreadable file';
  }
}

function isForeign(dir: string, { path, content }: Artifact, manifest: Manifest): boolean {
  const there = readBytes(join(dir, path));
  return there !== null && !there.equals(Buffer.from(content)) && manifest.get(path) !== sha256(there);
}

function foreignProblem(path: string): Problem {
  return {
    code: 'output/foreign',
    severity: 'error',
    path: [],
    message: `${path} is there and not as toa-bake wrote it; expected no file, or an unchanged one of ours`,
    hint: 'choose another place with -o, or say --force to overwrite it',
  };
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

/** A list that is not as we write it says nothing about any file: all are then protected, not overwritten. */
function readManifest(dir: string): Manifest {
  try {
    return new Map(Object.entries(JSON.parse(readText(join(dir, MANIFEST)) ?? '{}')));
  } catch {
    return new Map();
  }
}

function printManifest(manifest: Manifest): string {
  const sorted = [...manifest].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
}

function compare(dir: string, artifacts: readonly Artifact[]): readonly [readonly Artifact[], readonly Artifact[]] {
  const isSame = (a: Artifact): boolean => readBytes(join(dir, a.path))?.equals(Buffer.from(a.content)) === true;
  return [artifacts.filter(isSame), artifacts.filter((a) => !isSame(a))];
}

function readText(path: string): string | null {
  return readBytes(path)?.toString() ?? null;
}

function readBytes(path: string): Buffer | null {
  return kindOf(path) === 'file' ? readFileSync(path) : null;
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function failed(problems: readonly Problem[]): Outcome {
  return { written: [], unchanged: [], problems };
}
