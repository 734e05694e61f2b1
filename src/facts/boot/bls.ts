import type { Reader } from '../../image/types.ts';
import { pathsIn, textsOf } from '../see.ts';

/** A file of the Boot Loader Specification's first type. */
export interface BlsFile {
  /** The file's name without `.conf`. */
  readonly id: string;
  readonly title: string;
  readonly version: string;
  readonly machineId: string;
  readonly sortKey: string;
  /** `linux`, or the EFI program that is started instead. */
  readonly kernel: string | null;
  readonly options: string;
}

/** The entries in a directory, in no order. */
export async function blsFiles(reader: Reader, directory: string): Promise<readonly BlsFile[]> {
  const files = await textsOf(reader, await pathsIn(reader, directory, /\.conf$/));
  return files.map(({ path, text }) => {
    const lines = [...text.matchAll(/^[ \t]*([\w-]+)[ \t]+(.*?)[ \t\r]*$/gm)];
    const of = (key: string): readonly string[] =>
      lines.flatMap(([, name, value = '']) => (name === key ? [value] : []));
    const id = path.slice(directory.length + 1, -'.conf'.length);
    return {
      id,
      title: of('title')[0] ?? id,
      version: of('version')[0] ?? '',
      machineId: of('machine-id')[0] ?? '',
      sortKey: of('sort-key')[0] ?? '',
      kernel: of('linux')[0] ?? of('efi')[0] ?? of('uki')[0] ?? null,
      options: of('options').join(' '),
    };
  });
}
