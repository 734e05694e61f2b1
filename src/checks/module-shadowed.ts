import type { Facts, KernelFacts, ModuleFile } from '../facts/types.ts';
import { eachKernel } from './kernels.ts';
import { given, ifKnown, orElse } from './look.ts';
import type { Check, Severity } from './types.ts';
import { fails, file, holds } from './verdict.ts';

export const moduleShadowed: Check = {
  code: 'module/shadowed',
  severity: 'warning',
  judge: (facts, expected) =>
    eachKernel(facts, (kernel) =>
      given(orElse(kernel.readers, []), (files) =>
        expected.readers.flatMap((name) => {
          const [taken, ...hidden] = files.filter((reader) => reader.name === name);
          if (!taken) return [];
          if (hidden.length === 0) return holds(`${taken.path} is the only one`, [file(taken.path)]);
          const others = hidden.map(({ path }) => path);
          return fails(`${taken.path} comes first and hides ${others.join(', ')}`, {
            severity: severityOf(facts, kernel, taken),
            evidence: [taken.path, ...others].map((path) => file(path)),
          });
        }),
      ),
    ),
};

/** It is grave when the one that the receipt knows is not the one that comes first. */
function severityOf(facts: Facts, { release }: KernelFacts, taken: ModuleFile): Severity {
  const ours = ifKnown(facts.setup.receipt)?.kernels.find((kernel) => kernel.release === release);
  return ours && ours.module !== taken.path ? 'error' : 'warning';
}
