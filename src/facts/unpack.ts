import { ReadableStream } from 'node:stream/web';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Unreadable } from '../image/look.ts';
import { Damaged } from './see.ts';
import type { ModuleFile } from './types.ts';
import { unzstd } from './zstd.ts';

type Compression = ModuleFile['compression'];

/** How a file is compressed, by the name that modprobe goes by. */
export function compressionOf(path: string): Compression {
  if (path.endsWith('.gz')) return 'gzip';
  if (path.endsWith('.xz')) return 'xz';
  return path.endsWith('.zst') ? 'zstd' : 'none';
}

/** What the xz decoder says of data that it only does not know: an unknown check or filter. */
const XZ_UNSUPPORTED = /error code [346]$/;

/** Unpacks to at most `limit` bytes. Throws Damaged where the data is corrupt, Unreadable where it is only too large. */
export async function unpack(packed: Buffer, compression: Compression, limit: number): Promise<Buffer> {
  switch (compression) {
    case 'gzip':
      return gunzipped(packed, limit);
    case 'xz':
      return collected(xzPieces(packed), limit);
    case 'zstd':
      return unzstd(packed, limit);
    default:
      return packed;
  }
}

async function gunzipped(packed: Buffer, limit: number): Promise<Buffer> {
  try {
    return await promisify(gunzip)(packed, { maxOutputLength: limit });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw new Damaged(`its gzip data is corrupt: ${error instanceof Error ? error.message : error}`);
  }
}

/** Its library is loaded when it is needed. */
async function* xzPieces(packed: Buffer): AsyncIterable<Uint8Array> {
  const { XzReadableStream } = (await import('xz-decompress')).default;
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(packed);
      controller.close();
    },
  });
  try {
    yield* new XzReadableStream(source);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (XZ_UNSUPPORTED.test(message))
      throw new Unreadable('its xz data needs a check or a filter that is unknown here');
    throw new Damaged('its xz data is truncated or corrupt');
  }
}

async function collected(pieces: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > limit) throw tooLarge(limit);
    kept.push(piece);
  }
  return Buffer.concat(kept, size);
}

function tooLarge(limit: number): Unreadable {
  return new Unreadable(`it unpacks to more than ${limit} bytes`);
}
