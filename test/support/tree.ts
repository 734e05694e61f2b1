/** Machines that are folders, for what reads files: written to disk, and read by the real reader. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { openDirectory } from '../../src/image/directory.ts';
import type { Reader } from '../../src/image/types.ts';

/** Content of a file, a link's target, or an executable file's text; null is an empty directory. */
export type Piece = string | Uint8Array | { readonly link: string } | { readonly run: string } | null;

// One folder a test file: afterAll() does nothing when a test that already runs calls it.
const home = mkdtempSync(join(tmpdir(), 'toa-bake-trees-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A folder with these files, gone after the test file. */
export function makeTree(files: Readonly<Record<string, Piece>>): string {
  const root = mkdtempSync(join(home, 'tree-'));
  for (const [path, piece] of Object.entries(files)) put(join(root, path), piece);
  return root;
}

/** Reads such a folder as a machine. */
export function treeReader(files: Readonly<Record<string, Piece>>): Reader {
  return openDirectory(makeTree(files));
}

function put(path: string, piece: Piece): void {
  mkdirSync(piece === null ? path : dirname(path), { recursive: true });
  if (piece === null) return;
  if (typeof piece === 'string' || piece instanceof Uint8Array) writeFileSync(path, piece);
  else if ('link' in piece) symlinkSync(piece.link, path);
  else {
    writeFileSync(path, piece.run);
    chmodSync(path, 0o755);
  }
}

/** Every way to spoil bytes a little, without end and the same in each run: a flipped bit, a cut end, bytes overwritten. */
export function* spoilt(bytes: Uint8Array): Generator<Buffer> {
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  for (;;) {
    const copy = Buffer.from(bytes);
    const at = random(copy.length);
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << random(8)), at);
    yield copy;
    yield Buffer.from(bytes.subarray(0, random(bytes.length)));
    yield Buffer.from(bytes).fill(random(256), at, Math.min(bytes.length, at + 1 + random(16)));
  }
}
