import { ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new file for reading and writing that has no name: it goes with the process, whatever ends it. */
export function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-'));
  try {
    return openSync(join(folder, 'unpacked'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes a file from its beginning to its end, with holes where there are only zeros. */
export function sparseWriter(handle: number): {
  write: (piece: Uint8Array) => void;
  written: () => number;
  finish: () => void;
} {
  let at = 0;
  return {
    write: (piece) => {
      const isEmpty =
        piece.length === 0 || (piece[0] === 0 && Buffer.compare(piece.subarray(1), piece.subarray(0, -1)) === 0);
      if (!isEmpty) writeSync(handle, piece, 0, piece.length, at);
      at += piece.length;
    },
    written: () => at,
    finish: () => ftruncateSync(handle, at),
  };
}
