import type { Evidence } from '../facts/types.ts';
import { compareSeries } from '../plan/series.ts';
import { given, orElse } from './look.ts';
import type { Check, Verdict } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

/** What newer versions of nft took up, as src and changelogs of nftables say it. */
const SYNTAX: readonly { readonly pattern: RegExp; readonly since: string; readonly older: string }[] = [
  { pattern: /\breset\s+tcp\s+option\b/, since: '1.0.3', older: 'does not know `reset tcp option`' },
  { pattern: /\btcp\s+option\s+\w+\s+length\b/, since: '1.1.0', older: 'crashes on `tcp option KIND length`' },
];

export const firewallUnparsable: Check = {
  code: 'firewall/unparsable',
  severity: 'error',
  judge: (facts) =>
    given(orElse(facts.firewall, null), (firewall) => {
      const rules = firewall?.files.filter(({ text }) => /\btcp\s+option\b/.test(text)) ?? [];
      if (!firewall || rules.length === 0) return skipped('no nft rule is about the option');
      return given(
        firewall.nft,
        (version) => rules.map((rule) => judgeRule(rule, version)),
        fails(`${rules[0]?.path} holds rules for nft, which is not installed`, { evidence: rules }),
      );
    }),
};

function judgeRule(rule: Evidence, version: string): Verdict {
  const number = /\d+(\.\d+)*/.exec(version)?.[0] ?? '0';
  const broken = SYNTAX.find(({ pattern, since }) => pattern.test(rule.text) && compareSeries(number, since) < 0);
  const place = rule.line > 0 ? `${rule.path}:${rule.line}` : rule.path;
  return broken
    ? fails(`${place}: nft ${version} ${broken.older}, which is known since ${broken.since}`, { evidence: [rule] })
    : holds(`${place}: nft ${version} reads it`, [rule]);
}
