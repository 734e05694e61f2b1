import type { Reader } from '../../image/types.ts';
import { isExecutable, look, namesIn, pathsIn, readText, type TextFile, textsOf } from '../see.ts';
import type { Loader } from '../types.ts';
import { loadsOf } from './script.ts';
import { type Hindrance, type Systemd, unitFile, unitHindrance } from './systemd.ts';

type Kind = Loader['kind'];

/** Kinds of scripts: where they are, and what keeps one of them from being run. */
interface ScriptKind {
  readonly kind: Kind;
  readonly directory: string;
  readonly names: RegExp;
  readonly hindrance: (
    reader: Reader,
    systemd: Systemd | undefined,
    path: string,
  ) => Promise<Hindrance | undefined> | Hindrance | undefined;
}

const SCRIPTS: readonly ScriptKind[] = [
  {
    kind: 'sysconfig-modules',
    directory: '/etc/sysconfig/modules',
    names: /\.modules$/,
    hindrance: sysconfigHindrance,
  },
  { kind: 'sysconfig-modules', directory: '/etc', names: /^rc\.modules$/, hindrance: rcModulesHindrance },
  { kind: 'rc.local', directory: '/etc', names: /^rc\.local$/, hindrance: rcLocalHindrance },
  { kind: 'rc.local', directory: '/etc/rc.d', names: /^rc\.local$/, hindrance: rcLocalHindrance },
  { kind: 'init.d', directory: '/etc/init.d', names: /^[\w.-]+$/, hindrance: initHindrance },
  { kind: 'init.d', directory: '/etc/init', names: /\.conf$/, hindrance: upstartHindrance },
  { kind: 'cron', directory: '/etc', names: /^crontab$/, hindrance: cronHindrance },
  { kind: 'cron', directory: '/etc/cron.d', names: /^[\w-]+$/, hindrance: cronHindrance },
  { kind: 'cron', directory: '/var/spool/cron', names: /^root$/, hindrance: cronHindrance },
  { kind: 'cron', directory: '/var/spool/cron/crontabs', names: /^root$/, hindrance: cronHindrance },
  { kind: 'cloud-init', directory: '/var/lib/cloud/scripts/per-boot', names: /./, hindrance: perBootHindrance },
];

/** Scripts that load a reader, be they run or not. */
export async function scriptLoaders(reader: Reader, systemd: Systemd | undefined): Promise<readonly Loader[]> {
  const found = await Promise.all(
    SCRIPTS.map(async (script) => {
      const files = await textsOf(reader, await pathsIn(reader, script.directory, script.names));
      return Promise.all(files.map((file) => scriptLoader(reader, systemd, script, file)));
    }),
  );
  const all = found.flat(2);
  // /etc/rc.local may be a link to /etc/rc.d/rc.local: one of them is enough.
  const isFirst = (loader: Loader, index: number): boolean =>
    all.findIndex(({ kind, text }) => kind === loader.kind && text === loader.text) === index;
  return all.filter((loader, index) => loader.kind !== 'rc.local' || isFirst(loader, index));
}

async function scriptLoader(
  reader: Reader,
  systemd: Systemd | undefined,
  { kind, hindrance }: ScriptKind,
  file: TextFile,
): Promise<readonly Loader[]> {
  const lines = file.text.split('\n').map((line) => (kind !== 'cron' || /^\s*@reboot\s/.test(line) ? line : ''));
  const load = loadsOf({ path: file.path, text: lines.join('\n') });
  if (load === null) return [];
  const { evidence, loads, needs } = load;
  return [
    { ...evidence, kind, loads, needs, hindrance: await look(async () => hindrance(reader, systemd, file.path)) },
  ];
}

async function executableOr(reader: Reader, path: string): Promise<Hindrance | undefined> {
  return (await isExecutable(reader, path)) ? undefined : { kind: 'not-executable', why: `${path} is not executable` };
}

/** Units that run /etc/sysconfig/modules/*.modules, where initscripts has them. */
const LOAD_MODULES_UNITS: readonly string[] = ['rhel-loadmodules.service', 'loadmodules.service'];

async function sysconfigHindrance(
  reader: Reader,
  systemd: Systemd | undefined,
  path: string,
): Promise<Hindrance | undefined> {
  const unread = systemd ? await loadModulesHindrance(reader, systemd) : await sysinitHindrance(reader);
  return unread ?? executableOr(reader, path);
}

async function loadModulesHindrance(reader: Reader, systemd: Systemd): Promise<Hindrance | undefined> {
  for (const unit of LOAD_MODULES_UNITS) {
    if (await unitFile(reader, unit)) {
      const hindrance = unitHindrance(systemd, unit);
      return hindrance && { kind: 'unread', why: hindrance.why };
    }
  }
  return { kind: 'unread', why: `nothing reads it: there is no ${LOAD_MODULES_UNITS.join(' or ')}` };
}

async function sysinitHindrance(reader: Reader): Promise<Hindrance | undefined> {
  return (await readText(reader, '/etc/rc.d/rc.sysinit')) === undefined
    ? { kind: 'unread', why: 'nothing reads it: there is no /etc/rc.d/rc.sysinit' }
    : undefined;
}

async function rcModulesHindrance(
  reader: Reader,
  systemd: Systemd | undefined,
  path: string,
): Promise<Hindrance | undefined> {
  if (systemd) return { kind: 'unread', why: 'systemd does not run /etc/rc.modules' };
  return (await sysinitHindrance(reader)) ?? executableOr(reader, path);
}

/** systemd's own unit says in a condition which of the two files it runs. */
async function rcLocalHindrance(
  reader: Reader,
  systemd: Systemd | undefined,
  path: string,
): Promise<Hindrance | undefined> {
  if (systemd) {
    const unit = await unitFile(reader, 'rc-local.service');
    if (unit === undefined) return { kind: 'unread', why: 'nothing runs it: there is no rc-local.service' };
    if (systemd.masked.has('rc-local.service')) return { kind: 'unread', why: 'rc-local.service is masked' };
    const runs = /^ExecStart=(\S+)/m.exec((await readText(reader, unit)) ?? '')?.[1] ?? path;
    const [wanted, own] = await textsOf(reader, [runs, path]);
    if (runs !== path && wanted?.text !== own?.text) return { kind: 'unread', why: `rc-local.service runs ${runs}` };
  }
  return executableOr(reader, path);
}

async function initHindrance(
  reader: Reader,
  _systemd: Systemd | undefined,
  path: string,
): Promise<Hindrance | undefined> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const base = (await namesIn(reader, '/etc/rc.d/rc3.d')).length > 0 ? '/etc/rc.d' : '/etc';
  const levels = await Promise.all(['S', '2', '3', '5'].map((level) => namesIn(reader, `${base}/rc${level}.d`)));
  if (!levels.flat().some((link) => link.startsWith('S') && link.slice(3) === name)) {
    return { kind: 'not-enabled', why: `no run level starts ${path}` };
  }
  return executableOr(reader, path);
}

function upstartHindrance(_reader: Reader, systemd: Systemd | undefined): Hindrance | undefined {
  return systemd && { kind: 'unread', why: 'it is for upstart, and the machine has systemd' };
}

const CRON_UNITS: readonly string[] = ['cron.service', 'crond.service', 'cronie.service'];

function cronHindrance(_reader: Reader, systemd: Systemd | undefined): Hindrance | undefined {
  const runs = systemd === undefined || CRON_UNITS.some((unit) => unitHindrance(systemd, unit) === undefined);
  return runs ? undefined : { kind: 'unread', why: 'no cron is enabled' };
}

function perBootHindrance(reader: Reader, _systemd: Systemd | undefined, path: string): Promise<Hindrance | undefined> {
  return executableOr(reader, path);
}
