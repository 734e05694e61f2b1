import { all, given, orElse } from './look.ts';
import { packetFilter } from './trust.ts';
import type { Check } from './types.ts';
import { fails, file, holds, skipped } from './verdict.ts';

/** As nft and iptables list a rule that looks at TCP options. */
const ABOUT_OPTIONS = /tcp option|TCPOPTSTRIP|--tcp-option/;
/** The table or chain of toa-setup's own. */
const OURS = /^table inet toa |^:toa-other /m;

export const firewallNotLoaded: Check = {
  code: 'firewall/not-loaded',
  severity: 'error',
  judge: (facts) =>
    given(
      facts.running,
      (running) =>
        given(all(orElse(facts.firewall, null), packetFilter(facts)), ([firewall, ours]) => {
          const rules = [...(firewall?.files ?? []), ...(ours ? [file(ours.path)] : [])];
          if (rules.length === 0) return skipped('no packet-filter rule is about the option');
          return given(orElse(running.filter, ''), (loaded) =>
            (ours ? OURS : ABOUT_OPTIONS).test(loaded)
              ? holds('rules about the option are in force', rules)
              : fails(`${rules[0]?.path} is not in force`, { evidence: rules }),
          );
        }),
      skipped('the machine does not run'),
    ),
};
