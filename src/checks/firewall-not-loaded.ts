import { given, orElse } from './look.ts';
import type { Check } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

export const firewallNotLoaded: Check = {
  code: 'firewall/not-loaded',
  severity: 'error',
  judge: (facts) =>
    given(
      facts.running,
      (running) =>
        given(orElse(facts.firewall, null), (firewall) => {
          const rules = firewall?.files ?? [];
          if (rules.length === 0) return skipped('no packet-filter rule is about the option');
          return given(orElse(running.filter, ''), (loaded) =>
            loaded.trim() === ''
              ? fails(`${rules[0]?.path} is not in force`, { evidence: rules })
              : holds('the rules are in force', rules),
          );
        }),
      skipped('the machine does not run'),
    ),
};
