import { given, orElse } from './look.ts';
import type { Check } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

/** As nft and iptables list a rule that looks at TCP options. */
const ABOUT_OPTIONS = /tcp option|TCPOPTSTRIP|--tcp-option/;

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
            ABOUT_OPTIONS.test(loaded)
              ? holds('rules about the option are in force', rules)
              : fails(`${rules[0]?.path} is not in force`, { evidence: rules }),
          );
        }),
      skipped('the machine does not run'),
    ),
};
