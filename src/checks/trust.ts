import ipaddr from 'ipaddr.js';
import type { Facts } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import { all, derive, known, orElse } from './look.ts';
import { nextElves } from './settings.ts';
import type { Expectation } from './types.ts';

/** Whether the reader has a list of its own of who is believed. Absent: there is no reader to ask. */
export function hasOwnList(facts: Facts, expected: Expectation): Look<boolean> {
  if (expected.programs) return known(true);
  return derive(nextElves(facts, expected), (elves) =>
    known(elves.some(({ parameters }) => parameters.includes('trusted'))),
  );
}

/** What toa-setup needs for filtering in place of the reader, and what of it is missing. Null: the plan on the machine does not filter. */
export function packetFilter(
  facts: Facts,
): Look<{ readonly path: string; readonly missing: readonly string[] } | null> {
  return derive(all(orElse(facts.setup.env, null), orElse(facts.setup.files, [])), ([env, files]) => {
    if (env?.TOA_UNTRUSTED === undefined) return known(null);
    const needed = [FILTER, ...(env.TOA_BOOT_FILE === 'systemd-unit' ? [FILTER_UNIT] : [])];
    return known({ path: FILTER, missing: needed.filter((path) => !files.some((found) => found.path === path)) });
  });
}

const FILTER = '/usr/local/lib/toa/filter.sh';
/** toa.service wants it, so it needs no link of its own. */
const FILTER_UNIT = '/etc/systemd/system/toa-filter.service';

/** The word any, or a network that covers all addresses of a family. */
export function believesAll(networks: readonly string[]): boolean {
  return networks.some((network) => network === 'any' || network.endsWith('/0'));
}

/** Networks in one spelling and order, so that two lists can be compared. What is no network stays as it is. */
export function normalize(networks: readonly string[]): readonly string[] {
  if (believesAll(networks)) return ['any'];
  return [...new Set(networks.map(spell))].sort();
}

function spell(network: string): string {
  if (!ipaddr.isValidCIDR(network)) return network;
  const [address, prefix] = ipaddr.parseCIDR(network);
  return `${address.toNormalizedString()}/${prefix}`;
}
