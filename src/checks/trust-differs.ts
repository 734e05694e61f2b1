import { given } from './look.ts';
import { eachSetting, type Setting, trustSettings } from './settings.ts';
import { hasOwnList, normalize } from './trust.ts';
import type { Check, Expectation, Verdict } from './types.ts';
import { fails, holds, skipped, unknown } from './verdict.ts';

export const trustDiffers: Check = {
  code: 'trust/differs',
  severity: 'error',
  judge: (facts, expected) => {
    const set = eachSetting(trustSettings(facts, expected), (setting) => compare(setting, expected));
    if (set.length > 0) return set;
    return given(
      hasOwnList(facts, expected),
      (own) =>
        own
          ? skipped('no list of trusted networks is here')
          : unknown('the reader has no list of whom it believes', [], FILTER),
      skipped('the kernel that boots next has no reader to ask'),
    );
  },
};

function compare({ values, evidence }: Setting, expected: Expectation): Verdict {
  const found = normalize(values);
  const [verdict] = given(expected.trust, (trust) => {
    const wanted = normalize([trust].flat());
    const more = found.filter((network) => !wanted.includes(network));
    const less = wanted.filter((network) => !found.includes(network));
    if (more.length === 0 && less.length === 0) return holds(shown(found), [evidence]);
    const parts = [...part('lacks', less), ...part('has besides', more)];
    return fails(`${evidence.path} ${parts.join(' and ')}`, { evidence: [evidence] });
  });
  if (verdict?.status !== 'unknown') return verdict ?? skipped('none are planned');
  return unknown(
    `${evidence.path} trusts ${shown(found)}; whether that is your scrubber: ${verdict.message}`,
    [evidence],
    SPEC,
  );
}

const SPEC = 'Compare with the networks of your scrubber, or give the spec: --spec.';
const FILTER = 'See in the packet filter who may send the option.';

function part(verb: string, networks: readonly string[]): readonly string[] {
  return networks.length > 0 ? [`${verb} ${shown(networks)}`] : [];
}

/** More networks than these nobody reads in one line. */
const SHOWN = 5;

function shown(networks: readonly string[]): string {
  const more = networks.length > SHOWN ? ` and ${networks.length - SHOWN} more` : '';
  return `${networks.slice(0, SHOWN).join(', ') || 'nobody'}${more}`;
}
