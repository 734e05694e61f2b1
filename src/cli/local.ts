import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Pinned, Plan } from '../plan/types.ts';
import type { Local } from '../render/types.ts';
import { printCount } from '../report/count.ts';
import type { Problem } from '../spec/types.ts';

/** As much as a machine would fetch. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Reads the files that the plans name by path, from the folder of the spec. */
export function readLocal(
  plans: readonly Plan[],
  folder: string,
): { readonly local: Local; readonly problems: readonly Problem[] } {
  const local = new Map<string, Uint8Array>();
  const problems: Problem[] = [];
  const read = new Set<string>();
  for (const file of plans.flatMap(({ pinned }) => pinned)) {
    if (file.path === undefined || read.has(`${file.sha256} ${file.path}`)) continue;
    read.add(`${file.sha256} ${file.path}`);
    const bytes = readFile(file, resolve(folder, file.path));
    if ('severity' in bytes) problems.push(bytes);
    else local.set(file.sha256, bytes);
  }
  return { local, problems };
}

function readFile(file: Pinned, name: string): Uint8Array | Problem {
  const why = whyNot(name);
  if (why) return unreadable(file, name, why);
  try {
    const bytes = readFileSync(name);
    const seen = createHash('sha256').update(bytes).digest('hex');
    return seen === file.sha256 ? bytes : otherFile(file, seen);
  } catch (error) {
    return unreadable(file, name, said(error));
  }
}

/** Asked before it is opened: a pipe would never end, and a device might not like it. A link is what it leads to. */
function whyNot(name: string): string | undefined {
  try {
    const stats = statSync(name);
    if (stats.isDirectory()) return 'it is a directory';
    if (!stats.isFile()) return 'it is no file, but a pipe, a socket or a device';
    if (stats.size === 0) return 'it is empty';
    return stats.size > MOST_BYTES
      ? `it has ${printCount(stats.size)} bytes of at most ${printCount(MOST_BYTES)}`
      : undefined;
  } catch (error) {
    return said(error);
  }
}

function said(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return WHY[code ?? ''] ?? message;
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'something on the way to it is no directory',
  EACCES: 'no permission',
  ELOOP: 'its links lead in a circle',
};

function unreadable({ at, path }: Pinned, name: string, why: string): Problem {
  return {
    code: 'file/unreadable',
    severity: 'error',
    path: [...at, 'path'],
    message: `files[${at.at(-1)}].path is ${JSON.stringify(path)}: ${why}; expected a file to take along`,
    hint: `a relative path begins at the folder of the spec: this one is ${name}`,
  };
}

function otherFile({ at, path, sha256 }: Pinned, seen: string): Problem {
  return {
    code: 'file/sha256',
    severity: 'error',
    path: [...at, 'sha256'],
    message: `files[${at.at(-1)}].sha256 is ${sha256}; the file ${JSON.stringify(path)} has ${seen}`,
    hint: 'look at what changed before you pin it anew',
  };
}
