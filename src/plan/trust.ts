import ipaddr from 'ipaddr.js';
import type { Problem, Wanted } from '../spec/types.ts';
import { show } from '../spec/validate.ts';
import { settingPath } from './setting.ts';

/** Networks that stand in documentation and never on a wire (RFC 5737, RFC 3849, RFC 9637): left over from an example. */
const DOCUMENTATION = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'];

/** Whether the list lets everybody in, be it by a network that covers all addresses of a family. */
export function believesAll(trust: Wanted['trust'] = []): boolean {
  return trust === 'any' || plainNetworks(trust).some((network) => network.endsWith('/0'));
}

/** The networks as everything on the machine spells them: IPv4 in IPv6's dress is IPv4. */
export function plainNetworks(networks: readonly string[]): readonly string[] {
  return networks.map((network) => {
    const [address, prefix] = ipaddr.parseCIDR(network);
    if (!(address instanceof ipaddr.IPv6) || !address.isIPv4MappedAddress() || prefix < 96) return network;
    return `${address.toIPv4Address()}/${prefix - 96}`;
  });
}

/** What is allowed but rarely meant: everybody trusted, or an example's networks. */
export function trustWarnings(wanted: Wanted): readonly Problem[] {
  const trust = wanted.trust ?? [];
  const path = settingPath(wanted, 'trust');
  if (trust === 'any' || believesAll(trust)) {
    const seen = trust === 'any' ? trust : trust.find((network) => believesAll([network]));
    return [
      { ...ANY, path, message: `trust is ${show(seen)}: every client that reaches the port can name its own address` },
    ];
  }
  const examples = trust.filter(isDocumentation);
  if (examples.length === 0) return [];
  const message = `trust lists ${examples.join(', ')}: a network for documentation, which no scrubber uses`;
  return [{ ...EXAMPLE, path, message }];
}

const ANY = {
  code: 'trust/any',
  severity: 'warning',
  hint: 'list the networks of your scrubbing service instead',
} as const;

const EXAMPLE = {
  code: 'trust/documentation',
  severity: 'warning',
  hint: 'put the networks of your scrubbing service there; until then nobody is believed',
} as const;

function isDocumentation(network: string): boolean {
  const [address, prefix] = ipaddr.parseCIDR(network);
  return DOCUMENTATION.some((text) => {
    const [base, length] = ipaddr.parseCIDR(text);
    return base.kind() === address.kind() && prefix >= length && address.match(base, length);
  });
}
