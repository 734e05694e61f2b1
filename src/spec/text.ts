import { isUtf8 } from 'node:buffer';
import type { Problem } from './types.ts';

/** The bytes of a spec file as text, or why they are none. */
export function decodeText(bytes: Buffer): { readonly text: string } | { readonly problem: Problem } {
  if (isUtf8(bytes)) return checkShape(bytes.toString('utf8'));
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

/** What no spec needs and a YAML parser takes minutes or a stack for: size, depth, and very many anchors, aliases or tags. */
function checkShape(text: string): ReturnType<typeof decodeText> {
  const found = LIMITS.find(({ exceeds }) => exceeds(text));
  if (!found) return { text };
  const message = `the spec has ${found.what}; expected at most ${found.most}`;
  const hint = 'a spec is written by people: a trust list of 10,000 networks has 200 KB';
  return { problem: { code: 'spec/too-large', severity: 'error', path: [], line: 1, column: 1, message, hint } };
}

const LIMITS: readonly { readonly what: string; readonly most: string; readonly exceeds: (text: string) => boolean }[] =
  [
    { what: 'more than 2,000,000 characters', most: 'that', exceeds: (text) => text.length > 2_000_000 },
    {
      what: 'lists nested on one line without end',
      most: '100 levels',
      exceeds: (text) => /(?:[-?][ \t]+|[[{][ \t]*){101}/.test(text),
    },
    {
      what: 'very many anchors, aliases or tags',
      most: '1,000',
      exceeds: (text) => (text.match(/(?<=^|[\s,[{])[*&!]\S/gm)?.length ?? 0) > 1000,
    },
  ];

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
