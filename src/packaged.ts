import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Compress, Sources } from './render/types.ts';

const ROOT = new URL('../', import.meta.url);
const read = new Map<string, string>();

/** A text file of the package, read once. */
function packagedText(path: string): string {
  const text = read.get(path) ?? readFileSync(new URL(path, ROOT), 'utf8');
  read.set(path, text);
  return text;
}

/** The guest files and templates that the package carries, and zlib's gzip. */
export const packaged: Sources = {
  guest: (source) => packagedText(`guest/${source}`),
  template: packagedText,
  compress: (text) => gzipSync(text, { level: 9 }),
};

/**
 * A gzip that is 3 % smaller than zlib's best, which is what decides where a cloud takes 16 KB; a quarter of a second each.
 * The library answers at once as soon as it has answered once.
 */
export async function smallestGzip(): Promise<Compress> {
  const { default: zopfli } = await import('@gfx/zopfli');
  await zopfli.gzipAsync('', {});
  return (text) => {
    let bytes = new Uint8Array();
    zopfli.gzip(text, {}, (_, result) => {
      bytes = new Uint8Array(result);
    });
    return bytes;
  };
}
