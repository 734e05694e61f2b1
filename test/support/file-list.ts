/** Every file of a machine's system, so that two states of it can be compared: nothing may be left behind, nothing changed. */

import { lookIntoOverlay } from './mounted.ts';

/** What says of one path all that an uninstallation could leave other than it was: mode, owner, type, link target, sha256. */
type FileList = ReadonlyMap<string, string>;

/** A machine's files, and those of them that packages brought. */
export interface SystemFiles {
  readonly files: FileList;
  /** By the package's name. */
  readonly packages: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What a boot or a package manager's run writes by itself, whoever installs what. */
const OF_THE_SYSTEM: readonly string[] = [
  '/var/cache/',
  '/var/log/',
  '/var/tmp/',
  '/var/lib/systemd/',
  // Which instance cloud-init has seen; its per-boot scripts stay in the list.
  '/var/lib/cloud/data/',
  '/var/lib/cloud/instance',
  '/var/lib/cloud/sem/',
  // cloud-init writes into it when it was written.
  '/etc/sudoers.d/90-cloud-init-users',
  // The machine's own key, which dkms makes when it first builds anything, for all modules to come.
  '/var/lib/dkms/mok.',
];

/** Only where packages came: the package manager's own books, and what their maintainer scripts make. */
const OF_PACKAGES: readonly string[] = [
  '/etc/alternatives/',
  '/etc/ld.so.cache',
  '/usr/share/man/',
  '/var/lib/apt/',
  '/var/lib/dpkg/',
];

/** So do links into /etc/alternatives, wherever they are. */
const ALTERNATIVE = ' /etc/alternatives/';

const ROOTS = 'etc usr lib lib64 bin sbin var boot opt root srv';

const SCRIPT = `
find ${ROOTS} -printf '/%p\\t%M %U:%G %l\\0'
find ${ROOTS} -type f -print0 | sort -z | xargs -0 sha256sum -z
printf '\\0'
cd var/lib/dpkg/info
for list in *.list; do printf '%s\\t' "\${list%.list}"; cat "$list"; printf '\\0'; done`;

/** The files of a machine that is off, by what it has written into its overlay. */
export async function systemFiles(overlay: string): Promise<SystemFiles> {
  const [files = '', packages = ''] = (await lookIntoOverlay(overlay, SCRIPT)).split('\0\0');
  const list = new Map<string, string>();
  for (const record of files.split('\0')) {
    const hashed = /^([0-9a-f]{64}) [ *](.*)$/s.exec(record);
    const [path = '', what = ''] = hashed ? [`/${hashed[2]}`, ` ${hashed[1]}`] : record.split('\t');
    list.set(path, `${list.get(path) ?? ''}${what}`);
  }
  return { files: list, packages: new Map(packages.split('\0').flatMap(ownedFiles)) };
}

function ownedFiles(record: string): readonly (readonly [string, ReadonlySet<string>])[] {
  const [name, files] = record.split('\t');
  return name && files ? [[name, new Set(files.split('\n'))]] : [];
}

/** Lines `- PATH WHAT` and `+ PATH WHAT` of what is other in `after`, but for what the system and packages that came have written. */
export function changes(before: SystemFiles, after: SystemFiles): readonly string[] {
  const came = [...after.packages].filter(([name]) => !before.packages.has(name)).map(([, files]) => files);
  const ignored = [...OF_THE_SYSTEM, ...(came.length > 0 ? OF_PACKAGES : [])];
  const matters = (path: string) =>
    !ignored.some((start) => path.startsWith(start) || `${path}/` === start) &&
    !(came.length > 0 && after.files.get(path)?.includes(ALTERNATIVE)) &&
    !came.some((files) => files.has(path) || files.has(path.replace(/^\/usr(?=\/(bin|sbin|lib))/, '')));
  const paths = [...new Set([...before.files.keys(), ...after.files.keys()])].filter(matters).sort();
  return paths.flatMap((path) => {
    const [was, is] = [before.files.get(path), after.files.get(path)];
    if (was === is) return [];
    return [...(was === undefined ? [] : [`- ${path} ${was}`]), ...(is === undefined ? [] : [`+ ${path} ${is}`])];
  });
}
