import type { Reader } from '../../image/types.ts';
import { firstOf, isFile, linkOf, namesIn, pathsIn, seen, textsOf } from '../see.ts';
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
  await addRequired(reader, wanted);
  return { wanted, masked };
}

/** What the units that an administrator wrote, or dropped into others, ask for when they are wanted themselves. */
async function addRequired(reader: Reader, wanted: Set<string>): Promise<void> {
  const [own = ''] = UNIT_DIRECTORIES;
  const dropped = await pathsIn(reader, own, /\.d$/);
  const lists = await Promise.all(dropped.map((directory) => pathsIn(reader, directory, /\.conf$/)));
  const files = await textsOf(reader, [...(await pathsIn(reader, own, /\.(?:service|target)$/)), ...lists.flat()]);
  const asking = files.map(({ path, text }) => ({
    unit: unitOf(path),
    units: [...text.matchAll(/^(?:Wants|Requires|BindsTo|Upholds)=(.*)$/gm)].flatMap(([, names = '']) =>
      names.split(/\s+/),
    ),
  }));
  for (let size = -1; size !== wanted.size; ) {
    size = wanted.size;
    for (const { unit, units } of asking) if (wanted.has(unit)) for (const name of units) wanted.add(name);
  }
}

/** `NAME.service` of `…/NAME.service` and of `…/NAME.service.d/x.conf`. */
export function unitOf(path: string): string {
  return /([^/]+\.(?:service|target))(?:\.d\/[^/]+)?$/.exec(path)?.[1] ?? path;
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
