import { Unreadable } from '../../image/look.ts';
import type { Reader } from '../../image/types.ts';
import { parseOsRelease } from '../os.ts';
import { peSections } from '../pe.ts';
import { firstOf, isFile, look, namesIn, pathsIn, readText } from '../see.ts';
import { blsFiles } from './bls.ts';
import type { BootConfig, Entry } from './types.ts';
import { compareVersions } from './version-order.ts';

/** Where an EFI partition may be mounted. */
export const EFI_PARTITIONS: readonly string[] = ['/boot/efi', '/efi', '/boot'];

const FALLBACKS: readonly string[] = ['EFI/BOOT/BOOTX64.EFI', 'EFI/BOOT/BOOTAA64.EFI'];

/** An entry with what decides its place. */
interface Ranked extends Entry {
  readonly sortKey: string;
  readonly machineId: string;
  readonly version: string;
}

/** systemd-boot: entries and unified kernels (UKI) on the EFI partition or on /boot, chosen by the pattern in loader.conf. */
export async function systemdBootConfig(reader: Reader): Promise<BootConfig | undefined> {
  const partition = await firstOf(EFI_PARTITIONS, async (root) =>
    (await namesIn(reader, `${root}/EFI/systemd`)).some((name) => /^systemd-boot.*\.efi$/.test(name)),
  );
  if (partition === undefined) return undefined;
  const roots = [...new Set([partition, '/boot'])];
  const found = await Promise.all(roots.map((root) => rankedEntries(reader, root)));
  const entries = found.flat().sort(compareEntries);
  return {
    loader: 'systemd-boot',
    entries,
    chosen: await look(async () => {
      const path = `${partition}/loader/loader.conf`;
      const text = (await isFile(reader, path)) ? await readText(reader, path) : '';
      const pattern = /^\s*default\s+(\S+)/m.exec(text ?? '')?.[1];
      if (pattern?.startsWith('@')) throw new Unreadable(`${path}: default ${pattern} is kept in the firmware`);
      const fits = pattern === undefined ? () => true : globOf(pattern);
      const entry = entries.find(({ id }) => fits(id)) ?? entries[0];
      if (entry === undefined) throw new Unreadable(`${partition}: systemd-boot has no entry`);
      return { entry, why: `${path}: ${pattern === undefined ? 'no default' : `default ${pattern}`}: ${entry.id}` };
    }),
  };
}

async function rankedEntries(reader: Reader, root: string): Promise<readonly Ranked[]> {
  const files = await blsFiles(reader, `${root}/loader/entries`);
  const unified = await pathsIn(reader, `${root}/EFI/Linux`, /\.efi$/i);
  return [
    ...files.map(({ id, options, ...file }) => ({ ...file, id: `${id}.conf`, commandLine: options })),
    ...(await Promise.all(unified.map((path) => unifiedEntry(reader, path)))),
  ];
}

/** As the specification sorts: counted out last, then those with a sort key, by key; newest first. */
function compareEntries(a: Ranked, b: Ranked): number {
  return (
    Number(isCountedOut(a)) - Number(isCountedOut(b)) ||
    Number(a.sortKey === '') - Number(b.sortKey === '') ||
    (a.sortKey === '' ? 0 : compareKeyed(a, b)) ||
    compareVersions(b.id, a.id)
  );
}

function compareKeyed(a: Ranked, b: Ranked): number {
  return (
    a.sortKey.localeCompare(b.sortKey, 'en') ||
    a.machineId.localeCompare(b.machineId, 'en') ||
    compareVersions(b.version, a.version)
  );
}

/** `NAME+0-3.conf`: no tries are left. */
function isCountedOut({ id }: Entry): boolean {
  return /\+0(-\d+)?\.(conf|efi)$/.test(id);
}

/** systemd-boot's patterns know `*` and `?`, and no case. */
function globOf(pattern: string): (text: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  const glob = new RegExp(`^${source}$`, 'i');
  return (text) => glob.test(text);
}

/** A kernel, its initrd and its command line in one EFI program. */
async function unifiedEntry(reader: Reader, path: string): Promise<Ranked> {
  const sections = await peSections(reader, path, ['.osrel', '.cmdline']);
  const text = (name: string): string => (sections?.get(name)?.toString('utf8') ?? '').replaceAll('\0', '').trim();
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}=["']?([^"'\n]*)`, 'm').exec(text('.osrel'))?.[1];
  const os = parseOsRelease(text('.osrel'));
  return {
    id: path.slice(path.lastIndexOf('/') + 1),
    title: os.prettyName,
    kernel: path,
    commandLine: text('.cmdline'),
    sortKey: value('IMAGE_ID') ?? os.id,
    machineId: '',
    version: value('IMAGE_VERSION') ?? os.versionId,
  };
}

/** A unified kernel that the firmware starts by itself: from the place that removable media have, or because it is the only one. */
export async function unifiedConfig(reader: Reader): Promise<BootConfig | undefined> {
  const fallbacks = EFI_PARTITIONS.flatMap((root) => FALLBACKS.map((file) => `${root}/${file}`));
  const started = await firstOf(fallbacks, (path) => isUnified(reader, path));
  const kept = await Promise.all(EFI_PARTITIONS.map((root) => pathsIn(reader, `${root}/EFI/Linux`, /\.efi$/i)));
  const paths = started === undefined ? kept.flat() : [started];
  if (paths.length === 0) return undefined;
  const entries = await Promise.all(paths.map((path) => unifiedEntry(reader, path)));
  return {
    loader: 'uki',
    entries,
    chosen: await look(async () => {
      const [entry] = entries;
      if (entry === undefined || entries.length > 1) {
        throw new Unreadable(`which of ${entries.length} unified kernels starts is kept in the firmware`);
      }
      return { entry, why: `${entry.kernel} is the only unified kernel that the firmware can start` };
    }),
  };
}

async function isUnified(reader: Reader, path: string): Promise<boolean> {
  if (!(await isFile(reader, path))) return false;
  return (await peSections(reader, path, ['.uname', '.osrel']))?.has('.uname') ?? false;
}
