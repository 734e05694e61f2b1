import { decompress } from 'fzstd';
import { Unreadable } from './look.ts';

/** Unpacks the one zstd frame that the bytes begin with, whatever follows it, to at most `limit` bytes. */
export function unzstdFrame(packed: Uint8Array, limit: number): Buffer {
  const frame = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const room = new Uint8Array(limit);
  try {
    const content = decompress(frame.subarray(0, frameLength(frame)), room);
    return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  } catch {
    throw new Unreadable('it is corrupt: its zstd data cannot be unpacked');
  }
}

/** Of the frame's header and its blocks, as RFC 8878 lays them out. */
function frameLength(data: Buffer): number {
  const descriptor = data.readUInt8(4);
  const single = (descriptor & 0x20) !== 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  let at = 5 + (single ? 0 : 1) + dictionaryBytes + sizeBytes;
  for (;;) {
    const header = data.readUIntLE(at, 3);
    const isRepeated = ((header >> 1) & 3) === 1;
    at += 3 + (isRepeated ? 1 : header >> 3);
    if (header & 1) return at + (descriptor & 4 ? 4 : 0);
  }
}
