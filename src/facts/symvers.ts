import type { Look, Reader } from '../image/types.ts';
import type { ModuleNeeds } from './modinfo.ts';
import { firstOf, isFile, look, readBytes } from './see.ts';
import type { ModuleElf } from './types.ts';
import { compressionOf, unpack } from './unpack.ts';

const LIMIT = 32 * 1024 * 1024;

type Problems = NonNullable<Extract<ModuleElf['symbols'], { state: 'known' }>['value']>;

/** Compares what a module needs with what a kernel has; absent where the machine does not say what it has. */
export type Compare = (needs: ModuleNeeds) => Promise<Look<Problems>>;

/** For the modules of one kernel: what it exports is read when the first of them asks. */
export function comparer(reader: Reader, release: string, headers: string | undefined): Compare {
  let exported: ReturnType<typeof exportsOf> | undefined;
  return (needs) =>
    look(async () => {
      exported ??= exportsOf(reader, release, headers);
      const crcs = await exported;
      return crcs && problems(needs, crcs);
    });
}

function problems(needs: ModuleNeeds, crcs: ReadonlyMap<string, number>): Problems {
  const missing = needs.imports.filter((symbol) => !crcs.has(symbol) && !symbol.startsWith('_GLOBAL_OFFSET_TABLE_'));
  const differing = [...needs.versions].filter(([symbol, crc]) => (crcs.get(symbol) ?? crc) !== crc);
  return [
    ...missing.map((symbol) => ({ symbol, problem: 'missing' as const })),
    ...differing.map(([symbol]) => ({ symbol, problem: 'differs' as const })),
  ];
}

/** Lines `0xCRC TAB symbol TAB module TAB EXPORT_SYMBOL…`; the CRC is 0 where the kernel has no symbol versions. */
async function exportsOf(
  reader: Reader,
  release: string,
  headers: string | undefined,
): Promise<ReadonlyMap<string, number> | undefined> {
  const packed = ['gz', 'xz', 'zst'].flatMap((end) => [
    `/boot/symvers-${release}.${end}`,
    `/lib/modules/${release}/symvers.${end}`,
  ]);
  const paths = [...(headers === undefined ? [] : [`${headers}/Module.symvers`]), ...packed];
  const path = await firstOf(paths, (candidate) => isFile(reader, candidate));
  const bytes = path && (await readBytes(reader, path, LIMIT));
  if (!path || !bytes) return undefined;
  const text = (await unpack(bytes, compressionOf(path), LIMIT)).toString('latin1');
  const crcs = new Map<string, number>();
  for (const [, crc = '', symbol = ''] of text.matchAll(/^0x([0-9a-f]{8})\t([^\t\n]+)/gm)) {
    crcs.set(symbol, Number.parseInt(crc, 16));
  }
  return crcs.size > 0 ? crcs : undefined;
}
