import type { Facts } from '../facts/types.ts';
import { given } from './look.ts';
import { eachSetting, kindSettings, nextElves, type Setting } from './settings.ts';
import type { Check, Expectation, Verdict } from './types.ts';
import { fails, file, holds, skipped, unknown } from './verdict.ts';

export const optionKind: Check = {
  code: 'option/kind',
  severity: 'error',
  judge: (facts, expected) => {
    const set = eachSetting(kindSettings(facts, expected), (setting) => compare(setting, expected));
    return set.length > 0 ? set : judgeDefault(facts, expected);
  },
};

const SPEC = 'Compare with what your scrubber sends, or give the spec: --spec.';
const PROBE = 'Run the probe on the machine: toa-probe --kinds KIND --trust FILE.';

/** What our module reads when nothing is set. */
const DEFAULT = '254';

function judgeDefault(facts: Facts, expected: Expectation): readonly Verdict[] {
  return given(
    nextElves(facts, expected),
    (elves) =>
      elves.some(({ parameters }) => parameters.includes('kinds'))
        ? compare({ values: [DEFAULT], evidence: file('the default of the module', `kinds=${DEFAULT}`) }, expected)
        : unknown('the kind is compiled into this reader: only a probe shows which', [], PROBE),
    skipped('the kernel that boots next has no reader to ask'),
  );
}

function compare({ values, evidence }: Setting, expected: Expectation): Verdict {
  const found = sorted(values).join(', ');
  const [verdict] = given(expected.kinds, (kinds) => {
    const wanted = sorted(kinds.map(String)).join(', ');
    return wanted === found
      ? holds(found, [evidence])
      : fails(`kinds ${found} in ${evidence.path}, planned are ${wanted}`, { evidence: [evidence] });
  });
  if (verdict?.status !== 'unknown') return verdict ?? skipped('none are planned');
  return unknown(
    `kinds ${found} in ${evidence.path}; whether your scrubber sends these: ${verdict.message}`,
    [evidence],
    SPEC,
  );
}

function sorted(kinds: readonly string[]): readonly string[] {
  return [...new Set(kinds.map((kind) => kind.trim()))].sort((a, b) => Number(b) - Number(a));
}
