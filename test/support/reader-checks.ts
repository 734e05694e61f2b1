/** What every reader must do beside the case list. */

import { expect } from 'vitest';
import type { Microvm } from './microvm.ts';
import { GROUPS, TRUSTED } from './module-cases.ts';
import { counted, output } from './module-machine.ts';
import { casesOf, playGroups } from './module-play.ts';

/** Who is not believed can be read, and how often and how long ago. */
export async function namesUntrustedSenders(vm: Microvm): Promise<void> {
  const groups = GROUPS.filter(({ name }) => name === 'untrusted');
  const expected = new Map<string, number>();
  await output(vm, `/reader load ${TRUSTED}`);
  for (const { from, counts } of (await playGroups(vm, groups)).flatMap(casesOf))
    expected.set(from, (expected.get(from) ?? 0) + (counts?.untrusted ?? 0));
  const senders = (await output(vm, '/reader untrusted')).split('\n').map((line) => line.split(' '));
  expect(new Map(senders.map(([address = '', count]) => [address, Number(count)]))).toEqual(expected);
  for (const [, , seconds] of senders) expect(Number(seconds)).toBeLessThan(120);
  await output(vm, '/reader unload');
}

/** Runs of the peer, and whether the server must see the clients. */
const MANY: readonly (readonly [listener: string, options: string])[] = [
  ['ipv4', '--on both'],
  ['dual', '--on ack --timestamps'],
  ['dual', '--on syn --from 2001:db8:1::/48 --timestamps'],
  ['mptcp-dual', '--on both --from 2001:db8:1::/48 --client 20.0.0.0/8'],
];
const COUNT = 100;

/** Several in flight, each with a client of its own, beside timestamps and SACK. */
export async function namesManyAtOnce(vm: Microvm): Promise<void> {
  for (const [listener, options] of MANY) {
    const run = `/peer serve --listen ${listener} -- /peer connect --count ${COUNT} --seed 7 ${options}`;
    if (/Protocol not supported/.test((await vm.run(`/peer serve --listen ${listener} -- true`)).output)) continue;
    const control = await serve(vm, run, [1]);
    expect([run, control.right, control.wrong]).toEqual([run, 0, COUNT]);
    await output(vm, `/reader load ${TRUSTED}`);
    let named = 0;
    const rows = await counted(vm, async () => {
      named = (await serve(vm, run, [0])).named;
    });
    expect([run, rows]).toEqual([run, { syn_recv_sock_toa: COUNT, getname_toa_ok: COUNT + named }]);
    await output(vm, '/reader unload');
  }
}

async function serve(vm: Microvm, run: string, codes: readonly number[]) {
  const report = (await output(vm, run, codes)).split('\n').at(-1) ?? '';
  return JSON.parse(report) as { readonly right: number; readonly wrong: number; readonly named: number };
}
