import { nextKernel } from './kernels.ts';
import { given, ifKnown, orElse } from './look.ts';
import type { Check } from './types.ts';
import { fails, file, holds } from './verdict.ts';

export const bootLoadCrashed: Check = {
  code: 'boot/load-crashed',
  severity: 'error',
  judge: (facts) =>
    given(orElse(facts.setup.loading, []), (releases) => {
      if (releases.length === 0) return holds('no load was left unfinished');
      const next = ifKnown(nextKernel(facts))?.release;
      return releases.map((release) => ({
        ...fails(`a load on kernel ${release} never came back`, {
          severity: next === undefined || next === release ? 'error' : 'warning',
          evidence: [file(`/var/lib/toa/loading.${release}`)],
        }),
        kernel: release,
      }));
    }),
};
