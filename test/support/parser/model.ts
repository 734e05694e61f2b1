/** What the parser of guest/module must say, written from the rules in its README and from nothing else. */

import ipaddr from 'ipaddr.js';

/** `none`, `malformed`, or what was found: the address as 16 bytes in hexadecimal, the port (0: the kind has none), the form. */
export type Verdict = string;

/** A list of TCP options, and the kinds that are looked for in it. */
export interface Question {
  readonly kinds: readonly number[];
  readonly list: readonly number[];
}

/** Where the address begins, and what the bytes between the length and it must be. */
interface Layout {
  readonly address: number;
  readonly head: 'port' | 'version';
}

const PORT_FIRST: Layout = { address: 4, head: 'port' };

/** Every kind that a sender is known to use. */
export const LAYOUTS: Readonly<Record<number, Layout>> = {
  254: PORT_FIRST,
  253: PORT_FIRST,
  252: PORT_FIRST,
  200: PORT_FIRST,
  28: { address: 3, head: 'version' },
};

const END_OF_LIST = 0;
const PADDING = 1;
const VERSION = 1;

/** The verdict that the rules ask for. */
export function judge({ kinds, list }: Question): Verdict {
  const first = split(list).find(({ kind }) => kinds.includes(kind) && LAYOUTS[kind] !== undefined);
  if (first === undefined) return 'none';
  return first.whole ? judgeOption(first.kind, first.bytes) : 'malformed';
}

interface Option {
  readonly kind: number;
  /** From the kind byte on. */
  readonly bytes: readonly number[];
  /** Its length byte is there and fits. */
  readonly whole: boolean;
}

/** The options up to the end of the list or the first one that is not whole, padding left out. */
function split(list: readonly number[]): readonly Option[] {
  const options: Option[] = [];
  let rest = list;
  for (;;) {
    const [kind, length] = rest;
    if (kind === undefined || kind === END_OF_LIST) return options;
    if (kind === PADDING) {
      rest = rest.slice(1);
      continue;
    }
    const whole = length !== undefined && length >= 2 && length <= rest.length;
    options.push({ kind, bytes: rest.slice(0, length), whole });
    if (!whole) return options;
    rest = rest.slice(length);
  }
}

function judgeOption(kind: number, bytes: readonly number[]): Verdict {
  const { address: start, head } = LAYOUTS[kind] ?? PORT_FIRST;
  const address = bytes.slice(start);
  if (address.length !== 4 && address.length !== 16) return 'malformed';
  const [, , high = 0, low = 0] = bytes;
  const port = head === 'port' ? high * 256 + low : 0;
  if (head === 'port' ? port === 0 : high !== VERSION) return 'malformed';
  if (!canBeAClient(address)) return 'malformed';
  const full = address.length === 16 ? address : [...new Array<number>(10).fill(0), 255, 255, ...address];
  return `${Buffer.from(full).toString('hex')} ${port} ${address.length === 16 ? 'long' : 'short'}`;
}

/** IPv4 in IPv6's clothes is judged as the IPv4 that it is. */
function canBeAClient(bytes: readonly number[]): boolean {
  const parsed = ipaddr.fromByteArray([...bytes]);
  const address = parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed;
  if (address.toByteArray().every((byte) => byte === 0)) return false;
  return !['loopback', 'multicast', 'broadcast'].includes(address.range());
}
