import { printable } from '../report/printable.ts';
import { writeSingle } from '../write.ts';
import { EXIT, type Io, report } from './io.ts';
import { lookAt } from './look-at.ts';

/** `toa-bake facts`: what a machine is, without opinions; `validate` judges it later. */
export async function factsCommand(io: Io, what: string, options: { readonly output?: string }): Promise<number> {
  const looked = await lookAt(what);
  if ('finding' in looked) {
    io.err(`error: ${printable(`${what}: ${looked.finding.message}`)} [${looked.finding.code}]\n`);
    return EXIT.unknown;
  }
  const text = `${printable(JSON.stringify(looked.facts, null, 2))}\n`;
  if (options.output === undefined) {
    io.out(text);
    return EXIT.ok;
  }
  const unwritten = writeSingle(options.output, text, true);
  if (unwritten) {
    report(io, [unwritten], options.output);
    return EXIT.failed;
  }
  io.out(`${options.output}\n`);
  return EXIT.ok;
}
