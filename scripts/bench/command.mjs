// Our program, as a process of its own.

import { resolve } from 'node:path';

export const PROGRAM = resolve('dist/toa-bake.js');

export function toaBake(...args) {
  return { argv: [process.execPath, PROGRAM, ...args] };
}
