/** Load for the debug kernel: peers that send random options, from several processes at once. */

import type { Microvm } from './microvm.ts';
import { output } from './module-machine.ts';

/** What the module is told to trust while they send. */
export const TRUSTED_BY_LOAD = '203.0.113.0/24,2001:db8:1::/48';

interface Peer {
  readonly listener: string;
  /** Own address of the machine, and the network that the packets come from. */
  readonly own: string;
  readonly from: string;
  /** Nobody's address may be rewritten. */
  readonly untrusted?: true;
}

const PEERS: readonly Peer[] = [
  { listener: 'dual', own: '10.1.0.1', from: '203.0.113.0/24' },
  { listener: 'mptcp-dual', own: 'fd02::1', from: '2001:db8:1::/64' },
  { listener: 'ipv4', own: '10.3.0.1', from: '192.0.2.0/24', untrusted: true },
  { listener: 'ipv6', own: 'fd04::1', from: '2001:db8:2::/64', untrusted: true },
];

/** Sums over all peers. */
export interface LoadReport {
  readonly connections: number;
  /** What accept gave: all of them, whether their peer saw the end or gave up waiting for it. */
  readonly accepted: number;
  /** Rewritten where nobody may be. */
  readonly wrong: number;
  /** Successful calls of getpeername. */
  readonly named: number;
}

/** A script that makes `count` connections, a multiple of the number of peers, and leaves what they report in /tmp/load. */
export function loadScript(count: number, seed: number): string {
  const lines = PEERS.map(({ listener, own, from, untrusted }, index) => {
    const server = `/peer serve --listen ${listener} --port ${8001 + index} --threads 2`;
    const options = `--random-options ${seed * PEERS.length + index} --on none --reset --timestamps --in-flight 8`;
    const client = `/peer connect --tun load${index} --own ${own} --from ${from} --port ${8001 + index} ${options}`;
    const expected = untrusted ? '--expect source' : '--expect any';
    return `${server} -- ${client} ${expected} --count ${count / PEERS.length} >/tmp/load/${index} 2>&1 &`;
  });
  return ['rm -rf /tmp/load; mkdir /tmp/load', ...lines, 'wait'].join('\n');
}

/** What the peers reported. */
export async function loadReport(vm: Microvm): Promise<LoadReport> {
  const lines = (await output(vm, 'cat /tmp/load/*')).split('\n').map((line) => JSON.parse(line));
  const sum = (key: string, ofServer: boolean) =>
    lines.filter((line) => 'listener' in line === ofServer).reduce((total, line) => total + Number(line[key]), 0);
  return {
    connections: sum('connections', false),
    accepted: sum('accepted', true),
    wrong: sum('wrong', true),
    named: sum('named', true),
  };
}
