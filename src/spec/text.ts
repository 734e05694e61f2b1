import { isUtf8 } from 'node:buffer';
import type { Problem } from './types.ts';

/** The bytes of a spec file as text, or why they are none. */
export function decodeText(bytes: Buffer): { readonly text: string } | { readonly problem: Problem } {
  if (isUtf8(bytes)) return { text: bytes.toString('utf8') };
  const at = firstFault(bytes);
  return {
    problem: {
      code: 'spec/encoding',
      severity: 'error',
      path: [],
      line: bytes.subarray(0, at).filter((byte) => byte === 10).length + 1,
      column: 1,
      message: `the byte 0x${bytes[at]?.toString(16).padStart(2, '0')} in this line is not UTF-8; expected a text file in UTF-8`,
      hint: 'save the file as UTF-8; the commands file and iconv tell and change what it is in',
    },
  };
}

/** Offset of the byte that ends the shortest unsound beginning, found by halving. */
function firstFault(bytes: Buffer): number {
  let sound = 0;
  let unsound = bytes.length;
  while (unsound - sound > 1) {
    const middle = (sound + unsound) >> 1;
    if (isSound(bytes.subarray(0, middle))) sound = middle;
    else unsound = middle;
  }
  return unsound - 1;
}

/** Whether the bytes are UTF-8, but for a last character that may be cut. */
function isSound(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
