import { Unreadable } from '../image/look.ts';
import { Damaged } from './see.ts';

const MAGIC = 0xfd2fb528;
const SHORTEST = 9;
const PIECE = 64 * 1024;

/** A frame's header, as RFC 8878 lays it out. */
interface Header {
  /** Memory that the decoder takes before it has seen any data. */
  readonly window: number;
  readonly length: number;
  /** The frame ends with a checksum of its content. */
  readonly checked: boolean;
}

/** Unpacks to at most `limit` bytes, with libraries that are loaded when they are needed. */
export async function unzstd(packed: Buffer, limit: number): Promise<Buffer> {
  const header = headerOf(packed);
  if (header.window > limit) throw new Unreadable(`its zstd data asks for ${header.window} bytes of memory`);
  const content = await decoded(packed, limit);
  // The decoder does not look at it, modprobe does.
  if (header.checked && endOf(packed, header) === packed.length) {
    const { h64Raw } = await (await import('xxhash-wasm')).default();
    if (BigInt.asUintN(32, h64Raw(content)) !== BigInt(packed.readUInt32LE(packed.length - 4))) {
      throw new Damaged('its zstd data is corrupt: its checksum differs');
    }
  }
  return content;
}

async function decoded(packed: Buffer, limit: number): Promise<Buffer> {
  const { Decompress } = await import('fzstd');
  const pieces: Uint8Array[] = [];
  let size = 0;
  const decoder = new Decompress((piece) => {
    size += piece.length;
    if (size <= limit) pieces.push(piece);
  });
  for (let at = 0; at < packed.length && size <= limit; at += PIECE) {
    try {
      decoder.push(packed.subarray(at, at + PIECE), at + PIECE >= packed.length);
    } catch {
      throw new Damaged('its zstd data is truncated or corrupt');
    }
  }
  if (size > limit) throw new Unreadable(`it unpacks to more than ${limit} bytes`);
  return Buffer.concat(pieces, size);
}

function headerOf(packed: Buffer): Header {
  if (packed.length < SHORTEST || packed.readUInt32LE(0) !== MAGIC) throw new Damaged('it is not zstd data');
  const descriptor = packed.readUInt8(4);
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const sizeAt = 5 + (single ? 0 : 1) + dictionary;
  if (sizeAt + sizeBytes > packed.length) throw new Damaged('its zstd data is truncated');
  const base = 2 ** (10 + (packed.readUInt8(5) >> 3));
  return {
    window: single ? contentSize(packed, sizeAt, sizeBytes) : base + (base / 8) * (packed.readUInt8(5) & 7),
    length: sizeAt + sizeBytes,
    checked: (descriptor & 4) !== 0,
  };
}

function contentSize(packed: Buffer, at: number, bytes: number): number {
  if (bytes === 8) return Number(packed.readBigUInt64LE(at));
  return packed.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}

/** Where the first frame ends; blocks follow each other, the last one says so. */
function endOf(packed: Buffer, { length }: Header): number {
  for (let at = length; at + 3 <= packed.length; ) {
    const block = packed.readUIntLE(at, 3);
    const isRepeated = ((block >> 1) & 3) === 1;
    at += 3 + (isRepeated ? 1 : block >> 3);
    if (block & 1) return at + 4;
  }
  return -1;
}
