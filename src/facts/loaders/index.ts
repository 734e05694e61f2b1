import type { Look, Reader } from '../../image/types.ts';
import { isExecutable, layeredTexts, linesOf, look, pathsIn, textsOf } from '../see.ts';
import type { Evidence, Loader } from '../types.ts';
import { scriptLoaders } from './scripts.ts';
import { type Hindrance, type Systemd, systemdOf, unitFile } from './systemd.ts';
import { unitLoaders } from './units.ts';

type Kind = Loader['kind'];

/** Everything that would load a reader at boot, and whether anything reads it. */
export function loaders(reader: Reader): Promise<Look<readonly Loader[]>> {
  return look(async () => {
    const systemd = await systemdOf(reader);
    const found = await Promise.all([
      systemd ? unitLoaders(reader, systemd) : [],
      modulesLoad(reader, systemd),
      etcModules(reader, systemd),
      scriptLoaders(reader, systemd),
      initramfs(reader),
    ]);
    return found.flat();
  });
}

const MODULES_LOAD = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((base) => `${base}/modules-load.d`);

/** Lists of modules: one a line. */
function isReaderLine(line: string): boolean {
  return /^v?toa\b/.test(line) && !line.includes('.');
}

async function modulesLoad(reader: Reader, systemd: Systemd | undefined): Promise<readonly Loader[]> {
  const files = await layeredTexts(reader, MODULES_LOAD, /\.conf$/);
  // On Debian it is a link to /etc/modules, which counts as itself.
  const own = files.filter(({ path }) => !path.endsWith('/modules-load.d/modules.conf'));
  const lines = own.flatMap((file) => linesOf(file, isReaderLine));
  return Promise.all(lines.map((line) => listed('modules-load.d', line, () => modulesLoadHindrance(reader, systemd))));
}

async function modulesLoadHindrance(reader: Reader, systemd: Systemd | undefined): Promise<Hindrance | undefined> {
  if (systemd) {
    const unit = 'systemd-modules-load.service';
    if (systemd.masked.has(unit)) return { kind: 'unread', why: `${unit} is masked` };
    return (await unitFile(reader, unit)) ? undefined : { kind: 'unread', why: `there is no ${unit}` };
  }
  return (await isExecutable(reader, '/etc/init.d/kmod'))
    ? undefined
    : { kind: 'unread', why: 'the machine has no systemd, which would read it' };
}

const ETC_MODULES = '/etc/modules';

/** What reads /etc/modules where there is no systemd: Debian's init script, Ubuntu's upstart jobs. */
const ETC_MODULES_READERS: readonly string[] = [
  '/etc/init.d/kmod',
  '/etc/init.d/module-init-tools',
  '/etc/init/kmod.conf',
  '/etc/init/module-init-tools.conf',
];

async function etcModules(reader: Reader, systemd: Systemd | undefined): Promise<readonly Loader[]> {
  const files = await textsOf(reader, [ETC_MODULES]);
  const lines = files.flatMap((file) => linesOf(file, isReaderLine));
  return Promise.all(
    lines.map((line) =>
      listed('etc-modules', line, async () => {
        if (!systemd) {
          const readers = await textsOf(reader, ETC_MODULES_READERS);
          return readers.length > 0 ? undefined : { kind: 'unread', why: 'nothing on this machine reads /etc/modules' };
        }
        const linked = await textsOf(
          reader,
          MODULES_LOAD.map((directory) => `${directory}/modules.conf`),
        );
        if (linked.length === 0) return { kind: 'unread', why: 'modules-load.d has no link modules.conf to it' };
        return modulesLoadHindrance(reader, systemd);
      }),
    ),
  );
}

async function listed(
  kind: Kind,
  evidence: Evidence,
  hindrance: () => Promise<Hindrance | undefined>,
): Promise<Loader> {
  const [module = ''] = evidence.text.split(/\s/);
  return { ...evidence, kind, loads: [module], needs: [], hindrance: await look(hindrance) };
}

/** What goes into the initramfs when it is made anew: whether it was, nobody has looked. */
async function initramfs(reader: Reader): Promise<readonly Loader[]> {
  const debian = await textsOf(reader, ['/etc/initramfs-tools/modules']);
  const dracut = await textsOf(reader, [
    '/etc/dracut.conf',
    ...(await pathsIn(reader, '/etc/dracut.conf.d', /\.conf$/)),
  ]);
  const lines = [
    ...debian.flatMap((file) => linesOf(file, isReaderLine)),
    ...dracut.flatMap((file) => linesOf(file, (line) => /^force_drivers\b.*[\s"']v?toa\b/.test(line))),
  ];
  return lines.map((line) => ({
    ...line,
    kind: 'initramfs-modules',
    loads: [/\bv?toa\b/.exec(line.text)?.[0] ?? ''],
    needs: [],
    hindrance: { state: 'unknown', why: 'whether the initramfs was made with it is not looked at' },
  }));
}
