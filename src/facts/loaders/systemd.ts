import type { Reader } from '../../image/types.ts';
import { firstOf, isFile, linkOf, namesIn, seen } from '../see.ts';
import type { Loader } from '../types.ts';

/** Where units are, the most important first. */
export const UNIT_DIRECTORIES: readonly string[] = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** What a machine's systemd starts, as far as links say. */
export interface Systemd {
  /** Units that another unit wants or requires. */
  readonly wanted: ReadonlySet<string>;
  /** Units that are linked to /dev/null. */
  readonly masked: ReadonlySet<string>;
}

/** Undefined: the machine has no systemd. */
export async function systemdOf(reader: Reader): Promise<Systemd | undefined> {
  const programs = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'];
  if ((await firstOf(programs, (path) => isFile(reader, path))) === undefined) return undefined;
  const wanted = new Set<string>();
  const masked = new Set<string>();
  for (const directory of UNIT_DIRECTORIES) {
    for (const name of await namesIn(reader, directory)) {
      if (/\.(wants|requires)$/.test(name)) {
        for (const unit of await namesIn(reader, `${directory}/${name}`)) wanted.add(unit);
      } else if (directory === UNIT_DIRECTORIES[0] && (await isMask(reader, `${directory}/${name}`))) masked.add(name);
    }
  }
  return { wanted, masked };
}

async function isMask(reader: Reader, path: string): Promise<boolean> {
  return seen(await reader.lstat(path))?.type === 'symlink' && (await linkOf(reader, path)) === '/dev/null';
}

/** The file of a unit that the distribution brings. */
export function unitFile(reader: Reader, name: string): Promise<string | undefined> {
  return firstOf(
    UNIT_DIRECTORIES.map((directory) => `${directory}/${name}`),
    (path) => isFile(reader, path),
  );
}

/** What keeps a loader from taking effect. */
export type Hindrance = Extract<Loader['hindrance'], { state: 'known' }>['value'];

/** What keeps a unit from being started at boot. */
export function unitHindrance({ wanted, masked }: Systemd, unit: string): Hindrance | undefined {
  if (masked.has(unit)) return { kind: 'not-enabled', why: `${unit} is masked` };
  return wanted.has(unit) ? undefined : { kind: 'not-enabled', why: `${unit} is not enabled: no other unit wants it` };
}
