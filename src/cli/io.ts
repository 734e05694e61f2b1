import { printProblems } from '../report/problems.ts';
import type { Problem } from '../spec/types.ts';

/** Where a command's words go. The product goes to stdout; everything about it to stderr. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether stderr is a terminal that wants colour. */
  readonly colour: boolean;
  /** Whether stderr is a terminal, on which progress may come and go. */
  readonly terminal?: boolean;
}

/** Exit codes, as the design lists them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unknown: 3, bug: 70 } as const;

export const processIo: Io = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  colour: process.stderr.isTTY === true && !process.env.NO_COLOR,
  terminal: process.stderr.isTTY === true,
};

/** Says what is wrong, and whether anything was an error. */
export function report(io: Io, problems: readonly Problem[], file: string): boolean {
  if (problems.length > 0) io.err(printProblems(problems, file, io.colour));
  return problems.some((p) => p.severity === 'error');
}
