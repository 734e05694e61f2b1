import { nextKernel } from './kernels.ts';
import { given, orElse } from './look.ts';
import type { Check } from './types.ts';
import { holds, skipped, unknown } from './verdict.ts';

export const bootDefaultUnknown: Check = {
  code: 'boot/default-unknown',
  severity: 'error',
  judge: (facts) =>
    given(orElse(facts.kernels, []), (kernels) =>
      kernels.some((kernel) => kernel.modules)
        ? given(
            nextKernel(facts),
            ({ release, why }) => holds(`${release}: ${why}`),
            unknown('nothing here names a kernel to boot'),
          )
        : skipped('no kernel is installed'),
    ),
};
