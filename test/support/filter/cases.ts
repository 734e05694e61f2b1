/** Packets that try to get an option past a packet filter, and what a reader may be given of them. */

import type { Packet, Segment } from './room.ts';

/** The kinds that the reader believes. */
export const KINDS: readonly number[] = [254, 28];

const SYN = 2;
const ACK = 16;
const DATA = 24;

const ADDRESS = 'c0a80105';
const ADDRESS6 = '20010db8000c0000000000000000abcd';
const SHORT = `fe0813d7${ADDRESS}`;
const LONG = `fe1413d7${ADDRESS6}`;
const VERSIONED = `1c0701${ADDRESS}01`;
const TIMESTAMP = '0101080a0000000100000002';
const OTHER = `fd0813d7${ADDRESS}`;

/** Options of ours as senders write them, and beside others. */
const WELL_FORMED: readonly string[] = [
  SHORT,
  LONG,
  VERSIONED,
  `${TIMESTAMP}${SHORT}`,
  `${SHORT}${TIMESTAMP}`,
  `${SHORT}${SHORT}`,
  SHORT.repeat(5),
  `${VERSIONED}${SHORT}${LONG}`,
  `${OTHER}${SHORT}`,
];

/** What nobody sends who means well: lengths that are none, fills, ends that are none, options inside options. */
const MALFORMED: readonly string[] = [
  'fe000000',
  `fe010101${SHORT}`,
  `fe02fe02${SHORT}`,
  `${'fe02'.repeat(16)}${SHORT}`,
  `fe0300${'01'.repeat(1)}${SHORT}`,
  `01010101fe0913d7${ADDRESS}`,
  `fe0713d7${ADDRESS}`,
  `00000000${SHORT}`,
  `050a${SHORT}0101`,
  `0500${SHORT}0101`,
  `0501${SHORT}0101`,
  `0528${SHORT}0101`,
  `1c0801${ADDRESS}01`,
];

/** Without one of ours. */
const INNOCENT: readonly string[] = ['', TIMESTAMP, OTHER, `020405b4${TIMESTAMP}`];

/** Where a segment of 1,000 bytes of data is cut: in the option, behind the header's first half, and far behind the header. */
const CUTS: readonly (readonly number[])[] = [[24], [24, 32], [40], [504], [24, 504]];

/** A destination option of 48 bytes, which pushes the TCP options out of the first piece. */
const HEADERS = `06051e2c${'00'.repeat(44)}`;

type Kind = 'well-formed' | 'malformed' | 'innocent' | 'pieces' | 'headers';

/** A packet, and what is special about it. */
export interface Case extends Packet {
  readonly kind: Kind;
}

/** Everything that is tried from one sender. */
export function casesFrom(from: string): readonly Case[] {
  const flagged = (kind: Kind, lists: readonly string[]): readonly Case[] =>
    lists.flatMap((options) =>
      [SYN, ACK, DATA].map((flags) => ({ kind, from, flags, options, data: flags === DATA ? 9 : 0 })),
    );
  const large = { from, flags: DATA, data: 1000 };
  return [
    ...flagged('well-formed', WELL_FORMED),
    ...flagged('malformed', MALFORMED),
    ...flagged('innocent', INNOCENT),
    ...CUTS.map((pieces): Case => ({ ...large, kind: 'pieces', options: SHORT, pieces })),
    { ...large, kind: 'innocent', options: TIMESTAMP, pieces: [504] },
    ...(from.includes(':')
      ? [[72], [504]].map((pieces): Case => ({ ...large, kind: 'headers', options: SHORT, headers: HEADERS, pieces }))
      : []),
  ];
}

/** The options of ours that a reader finds, as the kernel walks through the list: each with its bytes. */
export function believable({ options }: Segment): readonly string[] {
  const found: string[] = [];
  const bytes = Buffer.from(options, 'hex');
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const kind = bytes[at] ?? 0;
    const size = kind === 1 ? 1 : (bytes[at + 1] ?? 0);
    if (size < 1 || (kind !== 1 && size < 2) || at + size > bytes.length) break;
    if (KINDS.includes(kind)) found.push(bytes.subarray(at, at + size).toString('hex'));
    at += size;
  }
  return found;
}

/** The packet's options with ours made of no operation, as a filter leaves them that strips. */
export function stripped(options: string): string {
  return believable({ options, sound: true }).reduce(
    (left, ours) => left.replace(ours, '01'.repeat(ours.length / 2)),
    options,
  );
}
