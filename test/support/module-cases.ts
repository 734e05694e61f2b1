/** What a connection must show with a reader loaded, as data; `microvm/cases.py` plays it. Without the reader every one shows the scrubber. /reader is one of readers/. */

import ipaddr from 'ipaddr.js';

/** Stands for the address that the packets come from, as the socket at hand spells it. */
export const SCRUBBER = 'scrubber';

/** Networks that the reader is told to trust unless a group says otherwise. */
export const TRUSTED = '203.0.113.0/24,2001:db8:1::/48';

const T = '203.0.113.5';
const T6 = '2001:db8:1::5';
const U = '192.0.2.5';
const U6 = '2001:db8:2::5';

const CLIENT = '198.18.7.9 4321';
const MAPPED = `::ffff:${CLIENT}`;
const CLIENT6 = '2001:db8:77::9 4321';

/** What is seen at one moment: one for all askers, or one for each (accept only at the first moment, then getpeername and SO_PEERNAME). */
export type Shown = string | readonly string[];

/** What is done with a connection; what is seen is noted after each. */
export type Step =
  | readonly ['send', string]
  | readonly ['reset' | 'fin' | 'disconnect' | 'reconnect' | 'addrform', null]
  | readonly ['sh', string];

/** One connection. Options are hexadecimal, a multiple of four bytes long. */
export interface Case {
  readonly name: string;
  readonly listener: 'ipv4' | 'dual' | 'mptcp-ipv4' | 'mptcp-dual';
  /** Source of the packets. */
  readonly from: string;
  readonly syn?: string;
  /** On the ACK that ends the handshake. */
  readonly ack?: string;
  /** Sent before accept: on the first data. */
  readonly data?: string;
  /** accept4 where nothing is said. */
  readonly via?: 'accept' | 'io_uring';
  readonly deferAccept?: true;
  /** Data in the SYN, and a listener that takes it. */
  readonly fastopen?: true;
  readonly resetBeforeAccept?: true;
  /** Run when the listener listens. */
  readonly beforeConnect?: string;
  readonly steps?: readonly Step[];
  /** At accept, and after each step. */
  readonly shows: readonly Shown[];
  /** Counted besides what follows from `shows`. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** Cases under the same settings. */
export interface Group {
  readonly name: string;
  /** Network namespaces in which it is played; see cases.py. */
  readonly namespaces: readonly ('init' | 'new' | 'left')[];
  /** Below net.ipv4. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Run first, with the reader loaded. */
  readonly setup?: string;
  readonly cases: readonly Case[];
}

/** The option as senders write it. */
export function toa(address: string, { kind = 254, port = 4321 } = {}): string {
  const bytes = ipaddr.parse(address).toByteArray();
  const option =
    kind === 28 ? [28, 3 + bytes.length, 1, ...bytes, 1] : [kind, 4 + bytes.length, port >> 8, port & 255, ...bytes];
  return Buffer.from(option).toString('hex');
}

const V4 = toa('198.18.7.9');
const V6 = toa('2001:db8:77::9');
const OTHER = toa('198.18.1.1');
const NOPS = '01010101';
const SACK = '01010402';

const PLACES: readonly Case[] = [
  { name: 'no option', listener: 'ipv4', from: T, shows: [SCRUBBER] },
  { name: 'on the ACK', listener: 'ipv4', from: T, ack: V4, shows: [CLIENT] },
  { name: 'on the SYN', listener: 'ipv4', from: T, syn: V4, shows: [CLIENT] },
  { name: 'on both', listener: 'ipv4', from: T, syn: OTHER, ack: V4, shows: [CLIENT] },
  { name: 'IPv4, dual listener', listener: 'dual', from: T, ack: V4, shows: [MAPPED] },
  { name: 'IPv4 on the SYN, dual listener', listener: 'dual', from: T, syn: V4, shows: [MAPPED] },
  { name: 'long option over IPv4, dual listener', listener: 'dual', from: T, ack: V6, shows: [CLIENT6] },
  { name: 'IPv6', listener: 'dual', from: T6, ack: V6, shows: [CLIENT6] },
  { name: 'IPv6 on the SYN', listener: 'dual', from: T6, syn: V6, shows: [CLIENT6] },
  { name: 'IPv6 on both', listener: 'dual', from: T6, syn: toa('2001:db8::1'), ack: V6, shows: [CLIENT6] },
  { name: 'short option over IPv6', listener: 'dual', from: T6, ack: V4, shows: [MAPPED] },
  {
    ...{ name: 'long option, IPv4 listener', listener: 'ipv4', from: T, ack: V6 },
    ...{ shows: [SCRUBBER], counts: { unsupported_family: 1 } },
  },
  {
    ...{ name: 'long option on the SYN, IPv4 listener', listener: 'ipv4', from: T, syn: V6 },
    ...{ shows: [SCRUBBER], counts: { unsupported_family: 1 } },
  },
  { name: 'MPTCP listener, no option', listener: 'mptcp-ipv4', from: T, shows: [SCRUBBER] },
  { name: 'MPTCP listener', listener: 'mptcp-ipv4', from: T, ack: V4, shows: [CLIENT] },
  { name: 'MPTCP listener, on the SYN', listener: 'mptcp-ipv4', from: T, syn: V4, shows: [CLIENT] },
  { name: 'MPTCP dual listener', listener: 'mptcp-dual', from: T6, ack: V6, shows: [CLIENT6] },
  { name: 'SACK and NOPs beside it', listener: 'ipv4', from: T, syn: SACK, ack: NOPS + V4, shows: [CLIENT] },
  { name: 'first option wins', listener: 'ipv4', from: T, ack: V4 + OTHER, shows: [CLIENT] },
  { name: 'accept(2)', listener: 'ipv4', from: T, ack: V4, via: 'accept', shows: [CLIENT] },
  { name: 'io_uring', listener: 'dual', from: T, ack: V4, via: 'io_uring', shows: [MAPPED] },
  { name: 'data before accept', listener: 'ipv4', from: T, ack: V4, data: OTHER, shows: [CLIENT] },
  { name: 'TCP_DEFER_ACCEPT', listener: 'ipv4', from: T, ack: V4, data: V4, deferAccept: true, shows: [CLIENT] },
  {
    name: 'highest port',
    listener: 'ipv4',
    from: T,
    ack: toa('198.18.7.9', { port: 65535 }),
    shows: ['198.18.7.9 65535'],
  },
  { name: 'another kind', listener: 'ipv4', from: T, ack: toa('198.18.7.9', { kind: 253 }), shows: [SCRUBBER] },
];

const UNTRUSTED: readonly Case[] = [
  { name: 'IPv4', listener: 'ipv4', from: U, ack: V4, shows: [SCRUBBER], counts: { untrusted: 1 } },
  { name: 'on the SYN', listener: 'ipv4', from: U, syn: V4, shows: [SCRUBBER], counts: { untrusted: 1 } },
  { name: 'on both', listener: 'dual', from: U, syn: V4, ack: V4, shows: [SCRUBBER], counts: { untrusted: 2 } },
  { name: 'IPv6', listener: 'dual', from: U6, ack: V6, shows: [SCRUBBER], counts: { untrusted: 1 } },
  { name: 'short over IPv6', listener: 'dual', from: U6, syn: V4, shows: [SCRUBBER], counts: { untrusted: 1 } },
  { name: 'MPTCP', listener: 'mptcp-ipv4', from: U, ack: V4, shows: [SCRUBBER], counts: { untrusted: 1 } },
];

const MALFORMED: readonly (readonly [name: string, from: string, option: string])[] = [
  ['port 0', T, toa('198.18.7.9', { port: 0 })],
  ['address 0', T, toa('0.0.0.0')],
  ['loopback', T, toa('127.0.0.1')],
  ['multicast', T, toa('224.0.0.1')],
  ['broadcast', T, toa('255.255.255.255')],
  ['a byte short', T, `fe0710e1${V4.slice(8, 14)}00`],
  ['a byte long', T, `fe0910e1${V4.slice(8)}00000000`],
  ['cut off', T, 'fe0810e1'],
  ['IPv6 address 0', T6, toa('::')],
  ['IPv6 loopback', T6, toa('::1')],
  ['IPv6 multicast', T6, toa('ff02::1')],
  ['v4-mapped loopback', T6, toa('::ffff:127.0.0.1')],
];

const KINDS: readonly Case[] = [
  ...[254, 253, 252, 200].map(
    (kind): Case => ({
      ...{ name: `kind ${kind}`, listener: 'ipv4', from: T, ack: toa('198.18.7.9', { kind }), shows: [CLIENT] },
    }),
  ),
  { name: 'kind 253, IPv6', listener: 'dual', from: T6, ack: toa('2001:db8:77::9', { kind: 253 }), shows: [CLIENT6] },
  { name: 'not asked for', listener: 'ipv4', from: T, ack: toa('198.18.7.9', { kind: 251 }), shows: [SCRUBBER] },
  { name: 'first of several', listener: 'ipv4', from: T, ack: V4 + toa('198.18.1.1', { kind: 200 }), shows: [CLIENT] },
];

/** Kind 28 has no port: the source's stays. */
const KIND_28: readonly Case[] = [
  { name: 'short', listener: 'ipv4', from: T, ack: toa('198.18.7.9', { kind: 28 }), shows: ['198.18.7.9 PORT'] },
  { name: 'dual', listener: 'dual', from: T, syn: toa('198.18.7.9', { kind: 28 }), shows: ['::ffff:198.18.7.9 PORT'] },
  {
    name: 'long',
    listener: 'dual',
    from: T6,
    ack: toa('2001:db8:77::9', { kind: 28 }),
    shows: ['2001:db8:77::9 PORT'],
  },
  {
    ...{ name: 'another version', listener: 'ipv4', from: T, ack: `1c0702${V4.slice(8)}01` },
    ...{ shows: [SCRUBBER], counts: { malformed: 1 } },
  },
];

const COOKIES: readonly Case[] = [
  { name: 'on the ACK', listener: 'ipv4', from: T, ack: V4, shows: [CLIENT] },
  { name: 'on the ACK, dual', listener: 'dual', from: T, ack: V4, shows: [MAPPED] },
  { name: 'on the ACK, IPv6', listener: 'dual', from: T6, ack: V6, shows: [CLIENT6] },
  { name: 'on the SYN', listener: 'ipv4', from: T, syn: V4, shows: [CLIENT] },
  { name: 'on both', listener: 'ipv4', from: T, syn: OTHER, ack: V4, shows: [CLIENT] },
  { name: 'no option', listener: 'dual', from: T6, shows: [SCRUBBER] },
];

const FAST_OPEN: readonly Case[] = [
  { name: 'no option', listener: 'ipv4', from: T, fastopen: true, shows: [SCRUBBER] },
  { name: 'on the SYN', listener: 'ipv4', from: T, syn: V4, fastopen: true, shows: [CLIENT] },
  { name: 'on both', listener: 'ipv4', from: T, syn: V4, ack: V4, fastopen: true, shows: [CLIENT] },
  { name: 'dual', listener: 'dual', from: T, syn: V4, fastopen: true, shows: [MAPPED] },
  { name: 'IPv6', listener: 'dual', from: T6, syn: V6, fastopen: true, shows: [CLIENT6] },
  {
    ...{ name: 'untrusted', listener: 'ipv4', from: U, syn: V4, fastopen: true },
    ...{ shows: [SCRUBBER], counts: { untrusted: 1 } },
  },
];

const SOCKETS: readonly Case[] = [
  {
    ...{ name: 'accept is the last word', listener: 'ipv4', from: T, ack: V4 },
    ...{
      steps: [
        ['send', OTHER],
        ['send', ''],
      ],
      shows: [CLIENT, CLIENT, CLIENT],
    },
  },
  {
    ...{ name: 'an option that comes late', listener: 'ipv4', from: T },
    ...{ steps: [['send', V4]], shows: [SCRUBBER, SCRUBBER] },
  },
  {
    ...{ name: 'half closed by the client', listener: 'dual', from: T, ack: V4 },
    ...{ steps: [['fin', null]], shows: [MAPPED, MAPPED] },
  },
  {
    ...{ name: 'reset by the client', listener: 'ipv4', from: T, ack: V4 },
    ...{ steps: [['reset', null]], shows: [CLIENT, ['ENOTCONN', CLIENT]], counts: { getname_toa_mismatch: 1 } },
  },
  {
    ...{ name: 'reset before accept', listener: 'ipv4', from: T, ack: V4 },
    ...{ resetBeforeAccept: true, shows: [[CLIENT, 'ENOTCONN', CLIENT]], counts: { getname_toa_mismatch: 1 } },
  },
  {
    ...{ name: 'disconnected and connected elsewhere', listener: 'ipv4', from: T, ack: V4 },
    ...{
      beforeConnect: 'ip link set lo up',
      steps: [
        ['disconnect', null],
        ['reconnect', null],
      ],
    },
    ...{ shows: [CLIENT, 'ENOTCONN', SCRUBBER], counts: { syn_recv_sock_no_toa: 1 } },
  },
  {
    ...{ name: 'IPV6_ADDRFORM', listener: 'dual', from: T, ack: V4 },
    ...{ steps: [['addrform', null]], shows: [MAPPED, CLIENT] },
  },
  {
    ...{ name: 'IPV6_ADDRFORM, long option', listener: 'dual', from: T, ack: V6 },
    ...{ steps: [['addrform', null]], shows: [CLIENT6, SCRUBBER], counts: { getname_toa_empty: 2 } },
  },
];

const ONE_OF_EACH: readonly Case[] = [
  { name: 'IPv4', listener: 'ipv4', from: T, ack: V4, shows: [CLIENT] },
  { name: 'dual', listener: 'dual', from: T, syn: V4, shows: [MAPPED] },
  { name: 'IPv6', listener: 'dual', from: T6, ack: V6, shows: [CLIENT6] },
];
const NOBODY: readonly Case[] = ONE_OF_EACH.map((one) => ({ ...one, shows: [SCRUBBER], counts: { untrusted: 1 } }));

/** A list of others between the two networks that are trusted. */
const TEN_THOUSAND =
  '{ echo 203.0.113.0/24; i=0; while [ $i -lt 9998 ]; do echo 10.$((i / 128)).$((i % 128 * 2)).0/24; i=$((i + 1)); done; ' +
  'echo 2001:db8:1::/48; } >/tmp/list; /reader list </tmp/list 2>/dev/null; ' +
  '[ "$(/reader trusted | wc -l)" = 10000 ]';

/** Played with the reader loaded, trusting TRUSTED, in this order. */
export const GROUPS: readonly Group[] = [
  { name: 'places', namespaces: ['init', 'new', 'left'], cases: PLACES },
  { name: 'untrusted', namespaces: ['init'], cases: UNTRUSTED },
  {
    name: 'malformed',
    namespaces: ['init'],
    cases: MALFORMED.map(
      ([name, from, ack]): Case => ({
        ...{ name, listener: from === T ? 'ipv4' : 'dual', from, ack, shows: [SCRUBBER], counts: { malformed: 1 } },
      }),
    ),
  },
  { name: 'syncookies', namespaces: ['new'], sysctls: { tcp_syncookies: '2' }, cases: COOKIES },
  { name: 'sockets', namespaces: ['init'], cases: SOCKETS },
  {
    name: 'kinds',
    namespaces: ['init'],
    setup: '/reader kinds 254,253,252,200',
    cases: KINDS,
  },
  { name: 'kind 28', namespaces: ['init'], setup: '/reader kinds 28', cases: KIND_28 },
  {
    name: 'nobody trusted',
    namespaces: ['init'],
    setup: "/reader kinds 254; /reader trust ''",
    cases: NOBODY,
  },
  { name: 'any', namespaces: ['init'], setup: '/reader trust any', cases: ONE_OF_EACH },
  { name: 'ten thousand networks', namespaces: ['init'], setup: TEN_THOUSAND, cases: [...ONE_OF_EACH, ...UNTRUSTED] },
  { name: 'Fast Open', namespaces: ['new'], sysctls: { tcp_fastopen: '514' }, cases: FAST_OPEN },
];

/** For a kernel that was told not to use IPv6. */
export const IPV4_ONLY: Group = {
  name: 'without IPv6',
  namespaces: ['init', 'new'],
  cases: PLACES.filter(({ listener, from }) => listener.endsWith('ipv4') && from === T),
};

const LOAD = '/reader load any';
const UNLOAD = '/reader unload';

/** Played before the reader is loaded: they load it and take it away themselves. */
export const ACROSS: Group = {
  name: 'across load and unload',
  namespaces: ['init', 'new'],
  cases: [
    {
      ...{ name: 'listener from before the load', listener: 'ipv4', from: T, ack: V4, beforeConnect: LOAD },
      ...{ steps: [['sh', UNLOAD]], shows: [CLIENT, SCRUBBER] },
    },
    {
      ...{ name: 'dual listener from before the load', listener: 'dual', from: T6, syn: V6, beforeConnect: LOAD },
      ...{ shows: [CLIENT6, SCRUBBER, SCRUBBER, SCRUBBER] },
      steps: [
        ['sh', UNLOAD],
        ['sh', LOAD],
        ['sh', UNLOAD],
      ],
    },
    {
      ...{ name: 'connection from before the load', listener: 'ipv4', from: T, ack: V4 },
      ...{ shows: [SCRUBBER, SCRUBBER, SCRUBBER, SCRUBBER, ['ENOTCONN', SCRUBBER]] },
      steps: [
        ['sh', LOAD],
        ['send', V4],
        ['sh', UNLOAD],
        ['reset', null],
      ],
    },
  ],
};
