/**
 * Compares versions as rpm does, and with it GRUB and systemd-boot: numbers as numbers, letters as letters, a number above
 * letters, `~` below the end, `^` above it.
 */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => text.match(/\d+|[A-Za-z]+|[~^]/g) ?? []);
  for (let index = 0; index < Math.max(a?.length ?? 0, b?.length ?? 0); index++) {
    const order = compareParts(a?.[index], b?.[index]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Kinds of parts from the lowest to the highest; undefined is a version that ends here. */
const KINDS: readonly ((part: string | undefined) => boolean)[] = [
  (part) => part === '~',
  (part) => part === undefined,
  (part) => part === '^',
  (part) => part !== undefined && /^[A-Za-z]/.test(part),
  (part) => part !== undefined && /^\d/.test(part),
];

function compareParts(a: string | undefined, b: string | undefined): number {
  const kinds = KINDS.findIndex((is) => is(a)) - KINDS.findIndex((is) => is(b));
  if (kinds !== 0 || a === undefined || b === undefined) return Math.sign(kinds);
  if (!/^\d/.test(a)) return a === b ? 0 : a < b ? -1 : 1;
  const [x, y] = [BigInt(a), BigInt(b)];
  return x === y ? 0 : x < y ? -1 : 1;
}

/** Compares NAME-VERSION-RELEASE part by part, as GRUB does with the names of its entries' files. */
export function comparePackages(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => /^(?:(?:(.*)-)?([^-]*)-)?([^-]*)$/.exec(text)?.slice(1) ?? []);
  for (const index of [0, 1, 2]) {
    const order = compareVersions(a?.[index] ?? '', b?.[index] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}
