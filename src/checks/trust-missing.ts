import { given } from './look.ts';
import { eachSetting, trustSettings } from './settings.ts';
import { hasOwnList } from './trust.ts';
import type { Check } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

export const trustMissing: Check = {
  code: 'trust/missing',
  severity: 'error',
  judge: (facts, expected) =>
    given(
      hasOwnList(facts, expected),
      (own) => {
        if (!own) return skipped('the reader has no list of its own');
        const set = eachSetting(trustSettings(facts, expected), ({ values, evidence }) =>
          values.length > 0
            ? holds(`${values.length} in ${evidence.path}`, [evidence])
            : fails(`${evidence.path} lists nobody`, { evidence: [evidence] }),
        );
        return set.length > 0 ? set : fails('neither /etc/toa/trusted nor modprobe.d names a trusted network');
      },
      skipped('the kernel that boots next has no reader to ask'),
    ),
};
