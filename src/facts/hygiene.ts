import type { Reader } from '../image/types.ts';
import { look, namesIn, pathsIn, readText, seen, statOf } from './see.ts';
import type { HygieneFacts } from './types.ts';

const HISTORY = /^\.(?:bash|zsh|ash|sh|python|mysql|psql)_history$|^\.(?:lesshst|viminfo|node_repl_history)$/;

/** What an interrupted or unfinished bake leaves, and what uploads to a machine that is baked. */
const LEFTOVERS: readonly (readonly [directory: string, names: RegExp])[] = [
  ['/var/lib/toa', /^(?:work|\.toa-new)$/],
  ['/var/lib/cloud/scripts/per-boot', /^toa$/],
  ['/tmp', /^(?:script_\d+\.sh|packer.*|install-toa\.sh|toa[-_].*|toa)$/s],
  ['/var/tmp', /^(?:script_\d+\.sh|packer.*|install-toa\.sh|toa[-_].*|toa)$/s],
  ['/root', /^(?:install-toa\.sh|toa_kernel.*|packer.*|linux-toa.*)$/s],
];

const MOST_HOMES = 1000;

/** What a sealed image must not carry. */
export async function hygieneFacts(reader: Reader): Promise<HygieneFacts> {
  const homes = await look(() => homesOf(reader));
  const inHomes = async (find: (home: string) => Promise<readonly string[]>): Promise<readonly string[]> =>
    (await Promise.all((seen(homes) ?? []).map(find))).flat();
  return {
    hostKeys: await look(() => notEmpty(reader, '/etc/ssh', /^ssh_host_.*_key$/s)),
    machineId: await look(() => machineId(reader)),
    authorizedKeys: await look(() => inHomes((home) => notEmpty(reader, `${home}/.ssh`, /^authorized_keys2?$/))),
    histories: await look(() => inHomes((home) => notEmpty(reader, home, HISTORY))),
    leftovers: await look(async () => {
      const found = await Promise.all(LEFTOVERS.map(([directory, names]) => pathsIn(reader, directory, names)));
      return found.flat();
    }),
  };
}

/** Of everybody who may log in, by /etc/passwd. */
async function homesOf(reader: Reader): Promise<readonly string[]> {
  const lines = ((await readText(reader, '/etc/passwd')) ?? '').split('\n').map((line) => line.split(':'));
  const homes = lines
    .filter(({ length, 6: shell = '' }) => length >= 6 && !/\/(?:nologin|false|sync|shutdown|halt)$/.test(shell))
    .map(([, , , , , home = '']) => home)
    .filter((home) => home.startsWith('/') && home !== '/');
  const named = (await namesIn(reader, '/home')).map((name) => `/home/${name}`);
  return [...new Set(['/root', ...homes, ...named])].sort().slice(0, MOST_HOMES);
}

async function notEmpty(reader: Reader, directory: string, names: RegExp): Promise<readonly string[]> {
  const paths = await pathsIn(reader, directory, names);
  const stats = await Promise.all(paths.map((path) => statOf(reader, path)));
  return paths.filter((_, index) => (stats[index]?.size ?? 0) > 0);
}

async function machineId(reader: Reader): Promise<'set' | 'empty' | 'uninitialized' | 'missing'> {
  const text = (await readText(reader, '/etc/machine-id'))?.trim();
  if (text === undefined) return 'missing';
  if (text === '') return 'empty';
  return text === 'uninitialized' ? 'uninitialized' : 'set';
}
