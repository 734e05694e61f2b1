import { given, orElse } from './look.ts';
import type { Check } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

export const packagesHalfInstalled: Check = {
  code: 'packages/half-installed',
  severity: 'error',
  judge: ({ packages }) =>
    given(orElse(packages, null), (found) => {
      if (!found) return skipped('there is no package manager');
      return given(
        found.unfinished,
        (names) =>
          names.length === 0 ? holds(`${found.manager} has finished`) : fails(`not finished: ${names.join(', ')}`),
        skipped(`${found.manager} keeps no record of it`),
      );
    }),
};
