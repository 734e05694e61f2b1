import { CODES, type CodeId } from '../report/codes.ts';
import { printable } from '../report/printable.ts';
import { nearest } from '../spec/nearest.ts';
import { EXIT, type Io } from './io.ts';

/** `toa-bake explain CODE`: what a message means, why it matters, how to mend it. */
export function explainCommand(io: Io, code: string): number {
  if (!isCode(code)) {
    const known = Object.keys(CODES);
    const list = known.map((id) => `  ${id}\n`).join('');
    io.err(
      `error: unknown code ${printable(JSON.stringify(code))}; expected one of\n${list}hint: did you mean ${nearest(code, known)}?\n`,
    );
    return EXIT.usage;
  }
  const { title, why, cure } = CODES[code];
  io.out(`${code}: ${title}\n\nWhy it matters: ${why}\nWhat to do: ${cure}\n`);
  return EXIT.ok;
}

function isCode(text: string): text is CodeId {
  return Object.hasOwn(CODES, text);
}
