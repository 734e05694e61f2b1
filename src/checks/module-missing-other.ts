import { eachKernel, nextKernel } from './kernels.ts';
import { given } from './look.ts';
import { judgeReaders } from './module-missing-default.ts';
import type { Check } from './types.ts';
import { skipped } from './verdict.ts';

export const moduleMissingOther: Check = {
  code: 'module/missing-other',
  severity: 'warning',
  judge: (facts, expected) => {
    if (expected.readers.length === 0) return [skipped('the method needs no module')];
    return eachKernel(facts, (kernel) =>
      given(
        nextKernel(facts),
        (next) => (next.release === kernel.release ? skipped('it boots next') : judgeReaders(kernel, expected)),
        skipped('no kernel boots'),
      ),
    );
  },
};
