import { all, given, ifKnown, orElse } from './look.ts';
import { hasOwnList, packetFilter } from './trust.ts';
import type { Check } from './types.ts';
import { fails, file, holds, skipped } from './verdict.ts';

export const trustUnfiltered: Check = {
  code: 'trust/unfiltered',
  severity: 'warning',
  judge: (facts, expected) => {
    if (ifKnown(expected.trust) === 'any') return [skipped('everybody is to be believed')];
    return given(
      hasOwnList(facts, expected),
      (own) => {
        if (own) return holds('the reader has a list of whom it believes');
        return given(all(orElse(facts.firewall, null), packetFilter(facts)), ([firewall, ours]) => {
          const rules = firewall?.files ?? [];
          const [missing] = ours?.missing ?? [];
          if (ours && missing === undefined) return holds('toa-setup filters by the list', [file(ours.path)]);
          if (missing !== undefined) return fails(`toa-setup is to filter by the list, and ${missing} is missing`);
          return rules.length > 0
            ? holds(`packet-filter rules are about the option: ${rules[0]?.path}`, rules)
            : fails('the reader has no list of whom it believes, and no packet-filter rule names the option');
        });
      },
      skipped('the kernel that boots next has no reader to ask'),
    );
  },
};
