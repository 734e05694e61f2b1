import { derive, given, known, orElse } from './look.ts';
import { nextElves } from './settings.ts';
import type { Check } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

export const optionUnknown: Check = {
  code: 'option/unknown',
  severity: 'warning',
  judge: (facts, expected) => {
    const lines = derive(orElse(facts.modprobe, null), (modprobe) =>
      known(modprobe?.options.filter(({ module }) => expected.readers.includes(module)) ?? []),
    );
    return given(lines, (options) => {
      if (options.length === 0) return skipped('modprobe.d sets nothing');
      return given(
        nextElves(facts, expected),
        (elves) => {
          const known = elves.flatMap(({ parameters }) => parameters);
          return options.flatMap(({ path, line, text, parameters }) => {
            const strange = Object.keys(parameters).filter((name) => !known.includes(name));
            const evidence = [{ path, line, text }];
            return strange.length === 0
              ? holds(`${path}: ${Object.keys(parameters).join(', ')}`, evidence)
              : fails(`${path} sets ${strange.join(', ')}; the module has ${known.join(', ') || 'no parameters'}`, {
                  evidence,
                });
          });
        },
        skipped('the kernel that boots next has no reader to ask'),
      );
    });
  },
};
