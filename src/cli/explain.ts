import { closest } from 'fastest-levenshtein';
import { CODES } from '../report/codes.ts';
import { EXIT, type Io } from './io.ts';

/** `toa-bake explain CODE`: what a message means, why it matters, how to mend it. */
export function explainCommand(io: Io, code: string): number {
  const found = CODES[code];
  if (!found) {
    io.err(
      `error: unknown code ${JSON.stringify(code)}; expected one of ${Object.keys(CODES).join(', ')}\n  hint: did you mean ${closest(code, Object.keys(CODES))}?\n`,
    );
    return EXIT.usage;
  }
  io.out(`${code}: ${found.title}\n\nWhy it matters: ${found.why}\nWhat to do: ${found.cure}\n`);
  return EXIT.ok;
}
