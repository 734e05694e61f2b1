import { given } from './look.ts';
import type { Check } from './types.ts';
import { fails, file, holds, skipped, unknown } from './verdict.ts';

export const runningProbe: Check = {
  code: 'running/probe',
  severity: 'error',
  judge: ({ running }) =>
    given(
      running,
      (now) =>
        given(
          now.probe,
          ({ result, reason, cases }) => {
            const evidence = cases.map(({ name, source, accept, getpeername, ok }) =>
              file(name, `${source}: accept() ${accept}, getpeername() ${getpeername}${ok ? '' : ', wrong'}`),
            );
            if (result === 'pass') return holds(reason, evidence);
            return result === 'fail' ? fails(reason, { evidence }) : unknown(reason, evidence);
          },
          skipped('the probe was not asked for (--probe, --boot)'),
        ),
      skipped('the machine does not run'),
    ),
};
