import { nextReaders } from './kernels.ts';
import { given, ifKnown } from './look.ts';
import type { Check } from './types.ts';
import { heldPackages, isInsideKernelPackage } from './upkeep.ts';
import { fails, holds, skipped } from './verdict.ts';

export const kernelHold: Check = {
  code: 'kernel/hold',
  severity: 'warning',
  judge: (facts, expected) =>
    given(heldPackages(facts), (held) => {
      const planned = ifKnown(expected.onUpgrade);
      const names = held.map(({ text }) => text).join(', ');
      if (planned === 'hold') {
        return held.length > 0
          ? holds(`held: ${names}`, held)
          : fails('the plan is to hold the kernel, and no kernel package is held', { severity: 'error' });
      }
      if (planned === 'rebuild') {
        return held.length === 0
          ? holds('no kernel package is held')
          : fails(`the plan is to rebuild after updates, and kernel packages are held: ${names}`, { evidence: held });
      }
      return given(
        nextReaders(facts, expected),
        (files) => {
          if (!files.some(isInsideKernelPackage)) return skipped('no plan says whether to hold the kernel');
          return held.length > 0
            ? holds(`held: ${names}`, held)
            : fails('the reader is part of this kernel, and nothing holds the kernel: the next update goes without');
        },
        skipped('no kernel boots'),
      );
    }),
};
