import { given, orElse } from './look.ts';
import type { Check } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

export const runningNotLoaded: Check = {
  code: 'running/not-loaded',
  severity: 'error',
  judge: ({ running }, expected) =>
    given(
      running,
      (now) => {
        if (expected.readers.length === 0) return skipped('the method needs no module');
        return given(orElse(now.loaded, []), (loaded) => {
          const name = loaded.find((module) => expected.readers.includes(module));
          return name
            ? holds(`${name} is loaded on ${now.release}`)
            : fails(`${expected.readers.join(' or ')} is not loaded on the running kernel ${now.release}`);
        });
      },
      skipped('the machine does not run'),
    ),
};
