import { readFileSync } from 'node:fs';
import type { Guest } from './render/types.ts';

const FOLDER = new URL('../guest/', import.meta.url);
const read = new Map<string, string>();

/** Reads the guest files that the package carries, each once. */
export const packagedGuest: Guest = (source) => {
  const text = read.get(source) ?? readFileSync(new URL(source, FOLDER), 'utf8');
  read.set(source, text);
  return text;
};
