import { given } from './look.ts';
import type { Check } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

export const runningPrograms: Check = {
  code: 'running/programs',
  severity: 'error',
  judge: ({ running }, expected) => {
    if (!expected.programs) return [skipped('the reader is a module')];
    return given(
      running,
      ({ programs, release }) =>
        given(
          programs,
          ({ loaded, remarks }) => {
            if (!loaded) return fails(`the programs are not in place on ${release}: ${remarks.join('; ')}`);
            return remarks.length > 0
              ? fails(`somebody else names peers, too: ${remarks.join('; ')}`, { severity: 'warning' })
              : holds('the programs are attached and pinned, and nobody else names peers');
          },
          () => fails(`toa-bpf is not installed, so nothing is loaded on ${release}`),
        ),
      skipped('the machine does not run'),
    );
  },
};
