import { ifKnown } from './look.ts';
import { eachSetting, trustSettings } from './settings.ts';
import { believesAll } from './trust.ts';
import type { Check } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

export const trustAny: Check = {
  code: 'trust/any',
  severity: 'warning',
  judge: (facts, expected) => {
    // Whoever wrote it into the spec was warned there, and meant it.
    const isMeant = expected.from === 'spec' && ifKnown(expected.trust) === 'any';
    if (isMeant) return [skipped('the spec says so')];
    const set = eachSetting(trustSettings(facts, expected), ({ values, evidence }) =>
      believesAll(values)
        ? fails(`${evidence.path} believes everybody: ${values.join(', ')}`, { evidence: [evidence] })
        : holds(`${evidence.path} names networks`, [evidence]),
    );
    return set.length > 0 ? set : [skipped('no list of trusted networks is here')];
  },
};
