import { directoryNode } from './directory.ts';
import { known, unknown } from './look.ts';
import { readerOf } from './tree.ts';
import type { Look, Output, Reader } from './types.ts';

/** A program that takes longer tells nothing. */
const LONGEST_RUN_MS = 60_000;
const LARGEST_OUTPUT = 16 * 1024 * 1024;

/** The machine that toa-bake runs on. */
export function openHost(): Reader {
  let bytes = 0;
  const root = directoryNode('/', (count) => {
    bytes += count;
  });
  return readerOf(root, {
    kind: 'host',
    what: 'local',
    live: true,
    run: runProgram,
    bytesRead: () => bytes,
    close: async () => {},
  });
}

/** Runs a program of this machine, with the words that it prints in no language but English. */
export async function runProgram(
  [program = '', ...argv]: readonly string[],
  input?: Uint8Array,
): Promise<Look<Output>> {
  const { execa } = await import('execa');
  const result = await execa(program, argv, {
    encoding: 'buffer',
    env: { LC_ALL: 'C' },
    maxBuffer: LARGEST_OUTPUT,
    reject: false,
    timeout: LONGEST_RUN_MS,
    ...(input ? { input } : { stdin: 'ignore' }),
  });
  if (result.exitCode === undefined) return unknown(`${program}: ${result.originalMessage ?? result.shortMessage}`);
  if (result.isMaxBuffer) return unknown(`${program} printed more than ${LARGEST_OUTPUT} bytes`);
  return known({
    code: result.exitCode,
    stdout: result.stdout,
    stderr: Buffer.from(result.stderr).toString('utf8'),
  });
}
