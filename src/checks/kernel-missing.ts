import { given } from './look.ts';
import type { Check } from './types.ts';
import { fails, holds } from './verdict.ts';

export const kernelMissing: Check = {
  code: 'kernel/missing',
  severity: 'error',
  judge: ({ kernels }) =>
    given(
      kernels,
      (found) => {
        const releases = found.filter((kernel) => kernel.modules).map((kernel) => kernel.release);
        return releases.length > 0 ? holds(`installed: ${releases.join(', ')}`) : NONE;
      },
      NONE,
    ),
};

const NONE = fails('no kernel with modules is installed');
