/** CRC-32C as ext4 uses it: continued from a seed, never inverted at the end. */
export function crc32c(seed: number, ...pieces: readonly Uint8Array[]): number {
  return crc(CASTAGNOLI, seed, pieces);
}

/** CRC-32 as zip and GPT have it. */
export function crc32(...pieces: readonly Uint8Array[]): number {
  return ~crc(ZIP, ~0, pieces) >>> 0;
}

function crc(table: Int32Array, seed: number, pieces: readonly Uint8Array[]): number {
  let sum = seed;
  for (const piece of pieces) for (const byte of piece) sum = (table[(sum ^ byte) & 0xff] ?? 0) ^ (sum >>> 8);
  return sum >>> 0;
}

const CASTAGNOLI = tableOf(0x82f63b78);
const ZIP = tableOf(0xedb88320);

function tableOf(polynomial: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, i) => {
    let sum = i;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ polynomial : sum >>> 1;
    return sum;
  });
}
