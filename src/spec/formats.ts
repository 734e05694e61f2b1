import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A network in CIDR form, or why the text is none. */
export type Network =
  | { readonly ok: true; readonly address: string; readonly prefix: number; readonly family: 4 | 6 }
  | { readonly ok: false; readonly why: string; readonly hint: string };

/** IPv4 as IPv6 writes it. The kernel module refuses an IPv6 network that would let it in unsaid. */
const MAPPED = ipaddr.IPv6.parse('::ffff:0:0');

/** Reads `text` as CIDR. Host bits must be zero: a typo there silently trusts another network than was meant. */
export function parseNetwork(text: string): Network {
  const hint = 'write a network as 203.0.113.0/24 or 2001:db8::/32, or the word any instead of the list';
  const parts = /^([0-9a-fA-F:.]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const address = parts?.[1] ?? '';
  const prefix = Number(parts?.[2]);
  const family = isIP(address);
  if (family === 0) {
    const alone = isIP(text);
    if (alone !== 0) {
      const whole = `${text}/${alone === 4 ? 32 : 128}`;
      return { ok: false, why: 'has no prefix length', hint: `write ${whole} for this one address` };
    }
    return { ok: false, why: 'is no address with a prefix length', hint };
  }
  const most = family === 4 ? 32 : 128;
  if (prefix > most) return { ok: false, why: `has a prefix longer than ${most}`, hint };
  const kind = family === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
  const network = kind.networkAddressFromCIDR(text).toString();
  if (network !== ipaddr.parse(address).toString()) {
    return { ok: false, why: 'has host bits set', hint: `the network is ${network}/${prefix}` };
  }
  if (family === 6 && prefix > 0 && MAPPED.match(ipaddr.IPv6.parse(network), prefix) && prefix < 96) {
    return { ok: false, why: 'covers all of IPv4 by the way (::ffff:0:0/96)', hint: 'write any if everybody is meant' };
  }
  return { ok: true, address: network, prefix, family: family === 4 ? 4 : 6 };
}

/** https only, no user or password in it (it would end up in user-data), no fragment, printable ASCII. */
export function isHttpsUrl(text: string): boolean {
  if (!/^https:\/\/[!-~]+$/.test(text) || /['"`\\<>]/.test(text)) return false;
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && url.username === '' && url.password === '' && url.hash === '';
}

/** 64 lower-case hexadecimal digits, as sha256sum prints them. */
export function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** A path without control characters and halves of characters; anything else a file system can name is allowed. */
export function isFilePath(text: string): boolean {
  return text.length > 0 && !/[\p{Cc}\p{Cs}]/u.test(text);
}

/** A path inside an archive: relative, never upwards, of characters that mean nothing to a shell or to make; or `.`. */
export function isInnerPath(text: string): boolean {
  return /^[A-Za-z0-9._+/-]+$/.test(text) && !/^[/-]|\/$|\/\/|(^|\/)\.\.(\/|$)/.test(text);
}

/** NAME=value as one word, nothing in which a shell or make would expand. */
export function isMakeVariable(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*=[A-Za-z0-9._,/+=@:-]*$/.test(text);
}

/** A kernel module's name, as the kernel writes it. */
export function isModuleName(text: string): boolean {
  return /^[a-z][a-z0-9_]*$/.test(text);
}

/** The schema's formats, by the names it uses. */
export const formats = {
  network: (text: string): boolean => parseNetwork(text).ok,
  'https-url': isHttpsUrl,
  sha256: isSha256,
  'file-path': isFilePath,
  'inner-path': isInnerPath,
  'make-variable': isMakeVariable,
  'module-name': isModuleName,
} as const;
