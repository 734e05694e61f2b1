import { availableMethods } from '../plan/method.ts';
import { TARGETS } from '../plan/targets.ts';
import { printTable } from '../report/table.ts';
import { EXIT, type Io } from './io.ts';

/** `toa-bake targets`: the support matrix, each row with its evidence. */
export function targetsCommand(io: Io, options: { readonly json?: boolean }): number {
  const rows = TARGETS.map((target) => ({ ...target, methods: availableMethods(target) }));
  if (options.json) io.out(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    const head = ['TARGET', 'NAME', 'KERNELS', 'METHODS', 'CLOUD-INIT', 'EVIDENCE'];
    io.out(
      printTable([
        head,
        ...rows.map((t) => [
          t.id,
          t.name,
          t.kernels.join(' '),
          t.methods.join(' '),
          t.cloudInit ?? 'script only',
          t.evidence,
        ]),
      ]),
    );
  }
  return EXIT.ok;
}
