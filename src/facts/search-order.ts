import { dirname } from 'node:path/posix';
import type { Reader } from '../image/types.ts';
import { layeredTexts } from './see.ts';

/** Tells which of two modules of one name depmod prefers: the one with the lower rank, by its path below /lib/modules/RELEASE. */
export type Rank = (module: string, path: string) => number;

const DIRECTORIES = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((base) => `${base}/depmod.d`);

const OVERRIDDEN = -1;

/** By depmod's configuration: `search DIRECTORY…`, where built-in is every directory not named, and `override MODULE RELEASE DIRECTORY`. */
export async function searchOrder(reader: Reader, release: string): Promise<Rank> {
  const files = await layeredTexts(reader, DIRECTORIES, /\.conf$/);
  const lines = files.flatMap(({ text }) => text.split('\n').map((line) => line.trim().split(/\s+/)));
  const named = lines.flatMap(([word, ...directories]) => (word === 'search' ? directories : []));
  const search = named.length > 0 ? named : ['updates'];
  const overrides = lines.flatMap(([word, module, of = '', directory]) =>
    word === 'override' && releaseFits(of, release) ? [{ module, directory }] : [],
  );
  const builtIn = search.includes('built-in') ? search.indexOf('built-in') : search.length;
  return (module, path) => {
    if (overrides.some((override) => override.module === module && dirname(path) === override.directory))
      return OVERRIDDEN;
    const found = search.findIndex((directory) => isBelow(path, directory));
    return found < 0 ? builtIn : found;
  };
}

function isBelow(path: string, directory: string | undefined): boolean {
  return path.startsWith(`${directory}/`);
}

/** `*` stands for every release; other patterns are rare: only a star at the end is understood. */
function releaseFits(pattern: string, release: string): boolean {
  return pattern.endsWith('*') ? release.startsWith(pattern.slice(0, -1)) : pattern === release;
}
