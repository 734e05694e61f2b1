/** The packet filter for readers that believe everybody: real packets, through the real tools of Debian's suites, over this machine's kernel. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolve } from '../../src/plan/resolve.ts';
import type { Plan } from '../../src/plan/types.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { believable, type Case, casesFrom, KINDS, stripped } from '../support/filter/cases.ts';
import { openRoom, type Room, type Segment } from '../support/filter/room.ts';

const TRUSTED = ['203.0.113.9', '2001:db8:1::9'];
const STRANGERS = ['192.0.2.9', '2001:db8:9::9'];
const NETWORKS = ['203.0.113.0/24', '2001:db8:1::/48'];
const FORGED = 'fe0813d7c0a80105';

/** The page's method on Alibaba Cloud Linux: what is tried here does not ask which system it is on. */
function plan(untrusted: 'strip' | 'drop'): Plan {
  const spec = `version: 1
trust: [${NETWORKS.map((network) => `"${network}"`).join(', ')}]
option: {kinds: [${KINDS.join(', ')}]}
untrusted: ${untrusted}
targets: [alinux-3]
`;
  const [only] = resolve(parseSpec(spec).spec).plans;
  if (only === undefined) throw new Error('no plan');
  return only;
}

/** Nothing that a machine may have instead. */
const NO_NFT = 'rm /usr/sbin/nft';
const NO_LEGACY = 'rm /usr/sbin/iptables-legacy* /usr/sbin/ip6tables-legacy*';

/** Which tools a system has, and what toa-setup makes of them. */
const SYSTEMS: readonly {
  readonly name: string;
  readonly suite: string;
  readonly without?: string;
  readonly mode: string;
  readonly untrusted: 'strip' | 'drop';
}[] = [
  { name: 'Debian 12', suite: 'bookworm', mode: 'nft:owner', untrusted: 'strip' },
  { name: 'Debian 13', suite: 'trixie', mode: 'nft:owner,persist', untrusted: 'strip' },
  { name: 'Debian sid', suite: 'sid', mode: 'nft:owner,persist', untrusted: 'strip' },
  { name: 'Debian 11, whose nft cannot strip', suite: 'bullseye', mode: 'iptables-legacy', untrusted: 'strip' },
  { name: 'iptables-nft', suite: 'bookworm', without: NO_LEGACY, mode: 'nft:owner', untrusted: 'strip' },
  {
    name: 'iptables-nft alone',
    suite: 'bookworm',
    without: `${NO_NFT}; ${NO_LEGACY}`,
    mode: 'iptables',
    untrusted: 'strip',
  },
  { name: 'iptables-nft of Debian 11', suite: 'bullseye', without: NO_LEGACY, mode: 'iptables', untrusted: 'strip' },
  { name: 'Debian 13, drop', suite: 'trixie', mode: 'nft:owner,persist', untrusted: 'drop' },
  { name: 'Debian 11, drop', suite: 'bullseye', mode: 'nft:', untrusted: 'drop' },
  { name: 'iptables, drop', suite: 'sid', without: NO_NFT, mode: 'iptables-legacy', untrusted: 'drop' },
];

/** Those that nobody else can flush. */
const OWNED = /owner|legacy/;

/** What is no network, or not written as one. */
const NO_NETWORKS: readonly string[] = [
  '192.0.2.1/24',
  '192.0.2.0/33',
  '192.0.2/24',
  '256.0.2.0/24',
  '192.0.2.0/24x',
  '2001:db8:9::1/48',
  '2001:db8::9::/48',
  '2001:db8:1:2:3:4:5:6:7/128',
  '2001:db8:9::/129',
  '::ffff:192.0.2.0/120',
  'any',
  '192.0.2.0 /24',
  'table inet x',
];

/** Those whose rules nobody owns, and whom nft can flush: for a moment they are gone. */
const FLUSHED: readonly string[] = ['nft:', 'iptables'];

async function expectMode(room: Room, mode: string): Promise<void> {
  await room.run('toa-setup filter');
  expect((await room.run('cat /var/lib/toa/filter/mode')).trim()).toBe(mode);
}

/** What must come of a stranger's packet. */
function expectHarmless(
  packet: Case,
  segments: readonly Segment[],
  untrusted: 'strip' | 'drop',
  byPieces: boolean,
): void {
  const shown = JSON.stringify({ packet, segments });
  expect(segments.flatMap(believable), shown).toEqual([]);
  expect(
    segments.filter(({ sound }) => !sound),
    shown,
  ).toEqual([]);
  if (packet.kind === 'innocent' && (byPieces || packet.pieces === undefined)) {
    expect(segments, shown).toEqual([{ options: packet.options, sound: true }]);
  }
  if (packet.kind !== 'well-formed') return;
  expect(segments, shown).toEqual(untrusted === 'drop' ? [] : [{ options: stripped(packet.options), sound: true }]);
}

describe.each(SYSTEMS)('$name ($untrusted)', ({ suite, without, mode, untrusted }) => {
  let room: Room;
  // nft looks at pieces one by one; iptables takes all of a stranger's but the first.
  const byPieces = mode.startsWith('nft:');
  beforeAll(async () => {
    room = await openRoom(suite);
    await room.install(plan(untrusted));
    if (without) await room.run(without);
  });
  afterAll(() => room.close());

  it('control: without the rules every option arrives as it was sent', async () => {
    const cases = [...TRUSTED, ...STRANGERS].flatMap(casesFrom);
    const seen = await room.send(cases);
    cases.forEach(({ options }, i) => {
      expect(seen[i], JSON.stringify(cases[i])).toEqual([{ options, sound: true }]);
    });
  });

  it('from strangers none arrives, whatever they write; from the trusted all do', async () => {
    await expectMode(room, mode);
    const strangers = STRANGERS.flatMap(casesFrom);
    const trusted = TRUSTED.flatMap(casesFrom).filter(
      ({ kind, pieces }) => byPieces || pieces === undefined || kind === 'innocent',
    );
    const seen = await room.send([...strangers, ...trusted]);
    strangers.forEach((packet, i) => {
      expectHarmless(packet, seen[i] ?? [], untrusted, byPieces);
    });
    trusted.forEach((packet, i) => {
      expect(seen[strangers.length + i], JSON.stringify(packet)).toEqual([{ options: packet.options, sound: true }]);
    });
  });

  it('outlasts whoever flushes the rules of the machine, or is back at once', async () => {
    const forged = STRANGERS.map((from) => ({ from, flags: 16, options: FORGED }));
    if (without?.includes(NO_NFT)) return;
    await room.run('nft flush ruleset');
    const seen = async () => (await room.send(forged)).flat().flatMap(believable);
    if (FLUSHED.includes(mode)) await expect.poll(seen, { timeout: 30_000 }).toEqual([]);
    expect(await seen()).toEqual([]);
    await expectMode(room, mode);
  });

  if (mode.startsWith('nft:owner')) {
    it('has one process in its unit, which systemd thus watches, and starts anew', async () => {
      const unit =
        'TOA_FILTER=unit toa-setup filter; cat /var/lib/toa/filter/mode; find /var/lib/toa/filter -name monitor';
      await room.run('kill -9 $(cat /var/lib/toa/filter/holder); nft delete table inet toa || true');
      expect((await room.run(unit)).trim()).toBe(mode);
    });
  }

  it('believes nobody else for a moment while the list changes, or the firewall is loaded anew', async () => {
    await room.write(
      '/etc/nftables.conf',
      'flush ruleset\ntable inet user { chain input { type filter hook input priority 0; } }\n',
    );
    const reload = OWNED.test(mode) ? 'nft -f /etc/nftables.conf; nft flush ruleset;' : '';
    const others = Array.from({ length: 300 }, (_, i) => `10.${i % 250}.${Math.floor(i / 250)}.0/24`).join('\n');
    const script = `cp /etc/toa/trusted /tmp/kept
      while [ ! -e /tmp/over ]; do
        ${reload}
        { cat /tmp/kept; echo '${others}'; } | toa-setup trust replace - || exit
        toa-setup trust replace /tmp/kept || exit
        echo >>/tmp/rounds
      done`;
    const busy = room.run(script);
    const [forged, sent] = [STRANGERS, TRUSTED].map((peers) =>
      peers.map((from) => ({ from, flags: 16, options: FORGED, times: 50 })),
    );
    for (let round = 0; round < 3; round++) {
      const seen = await room.send([...(forged ?? []), ...(sent ?? [])]);
      expect(seen.slice(0, 2).flat().flatMap(believable)).toEqual([]);
      expect(seen.slice(2).map((segments) => segments.flatMap(believable).length)).toEqual([50, 50]);
    }
    await room.write('/tmp/over', '');
    await busy;
    expect(Number(await room.run('wc -l </tmp/rounds'))).toBeGreaterThan(0);
  });

  it('changes with the list, and only to what is one', async () => {
    const believed = async (from: string) => {
      const [seen = []] = await room.send([{ from, flags: 16, options: FORGED }]);
      return seen.flatMap(believable).length === 1;
    };
    expect(await believed('192.0.2.9')).toBe(false);
    await room.run('toa-setup trust add 192.0.2.0/24 2001:db8:9::/48');
    expect([await believed('192.0.2.9'), await believed('2001:db8:9::9')]).toEqual([true, true]);
    await room.run('toa-setup trust remove 192.0.2.0/24');
    expect([await believed('192.0.2.9'), await believed('2001:db8:9::9')]).toEqual([false, true]);
    const list = await room.run('toa-setup trust list');
    for (const wrong of NO_NETWORKS.slice(0, mode === 'nft:owner' ? undefined : 2)) {
      await expect(room.run(`toa-setup trust add '${wrong}'`)).rejects.toThrow(wrong);
    }
    expect(await room.run('toa-setup trust list')).toBe(list);
    await room.run('toa-setup trust remove 2001:db8:9::/48');
    if (mode !== 'iptables-legacy') await room.send([{ from: '192.0.2.9', flags: 16, options: FORGED, times: 3 }]);
    expect(await room.run('toa-setup trust seen')).toMatch(/^192\.0\.2\.9\b/m);
  });

  it('is gone when it is taken back', async () => {
    await room.run('toa-setup disable');
    const forged = STRANGERS.map((from) => ({ from, flags: 16, options: FORGED }));
    expect((await room.send(forged)).flat().flatMap(believable)).toEqual([FORGED, FORGED]);
  });
});
