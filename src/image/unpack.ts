import { closeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { type BlockFile, type Blocks, blocksOf } from './disk/blocks.ts';
import { Unreadable } from './look.ts';
import { openNameless, sparseWriter } from './spool.ts';

export type Compression = 'gzip' | 'xz' | 'zstd';

/** What unpacking may cost; without this a small file could fill any disk. */
export interface UnpackLimits {
  /** Bytes that come out at most. */
  readonly total: number;
  /** From `free` bytes on, how many may come out for one that goes in. */
  readonly ratio: number;
  readonly free: number;
}

/** A root file system is seldom larger, and packs to no less than a fiftieth. */
export const UNPACK_LIMITS: UnpackLimits = { total: 32 * 2 ** 30, ratio: 200, free: 2 ** 30 };

const CHUNK = 256 * 1024;
const MAGIC: Readonly<Record<Compression, string>> = {
  gzip: '1f8b08',
  xz: 'fd377a585a00',
  zstd: '28b52ffd',
};

/** By its first bytes. */
export function compressionOf(blocks: Blocks): Compression | undefined {
  const start = blocks.read(0, Math.min(6, blocks.size)).toString('hex');
  return (['gzip', 'xz', 'zstd'] as const).find((kind) => start.startsWith(MAGIC[kind]));
}

/** Unpacks into a file that has no name any more: it goes with the process, whatever ends it. Throws Unreadable. */
export async function unpack(packed: Blocks, kind: Compression, limits = UNPACK_LIMITS): Promise<BlockFile> {
  const handle = openNameless();
  const file = sparseWriter(handle);
  try {
    for await (const piece of UNPACKERS[kind](packed)) {
      file.write(piece);
      const { written } = file;
      if (written() > limits.total) throw new Unreadable(`it unpacks to more than ${limits.total} bytes`);
      if (written() > Math.max(limits.free, packed.size * limits.ratio)) {
        throw new Unreadable(`it unpacks to more than ${limits.ratio} times its size`);
      }
    }
  } catch (error) {
    closeSync(handle);
    if (error instanceof Unreadable) throw error;
    throw new Unreadable(
      `its ${kind} data cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  file.finish();
  // What is read from it was read from the image before.
  return { ...blocksOf(handle), bytesRead: () => 0 };
}

const UNPACKERS: Readonly<Record<Compression, (packed: Blocks) => AsyncIterable<Uint8Array>>> = {
  gzip: (packed) => Readable.from(chunksOf(packed)).pipe(createGunzip()),
  xz: unxz,
  zstd: unzstd,
};

function* chunksOf(packed: Blocks): Generator<Buffer> {
  for (let at = 0; at < packed.size; at += CHUNK) yield packed.read(at, Math.min(CHUNK, packed.size - at));
}

async function* unxz(packed: Blocks): AsyncGenerator<Uint8Array> {
  // Loaded where it is needed: most images need no decoder.
  const { default: xz } = await import('xz-decompress');
  yield* new xz.XzReadableStream(ReadableStream.from(chunksOf(packed)));
}

async function* unzstd(packed: Blocks): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd');
  const ready: Uint8Array[] = [];
  const stream = new Decompress((piece) => ready.push(piece));
  for (const chunk of chunksOf(packed)) {
    stream.push(chunk);
    yield* ready.splice(0);
  }
  stream.push(new Uint8Array(0), true);
  yield* ready.splice(0);
}
