import type { KernelFacts } from '../facts/types.ts';
import { builtinReaders, nextInstalled, nextKernel, takenReaders } from './kernels.ts';
import { all, given, orElse } from './look.ts';
import type { Check, Expectation, Verdict } from './types.ts';
import { fails, file, holds, skipped } from './verdict.ts';

export const moduleMissingDefault: Check = {
  code: 'module/missing-default',
  severity: 'error',
  judge: (facts, expected) => {
    if (expected.readers.length === 0) return [skipped('the method needs no module')];
    return given(
      all(nextKernel(facts), orElse(nextInstalled(facts), null)),
      ([{ release }, kernel]) =>
        (kernel ? judgeReaders(kernel, expected) : [notInstalled(release)]).map((v) => ({ ...v, kernel: release })),
      skipped('no kernel boots'),
    );
  },
};

/** Whether a kernel has a reader: a file, or built in. */
export function judgeReaders(kernel: KernelFacts, expected: Expectation): readonly Verdict[] {
  return given(all(takenReaders(kernel, expected), builtinReaders(kernel, expected)), ([files, builtin]) => {
    const found = [...files.map((reader) => reader.path), ...builtin.map((name) => `${name} in the kernel itself`)];
    const evidence = files.map((reader) => file(reader.path));
    return found.length > 0
      ? holds(found.join(', '), evidence)
      : fails(`kernel ${kernel.release} has no module ${expected.readers.join(' or ')}`);
  });
}

function notInstalled(release: string): Verdict {
  return fails(`kernel ${release} boots next, and /lib/modules/${release} has no modules`);
}
