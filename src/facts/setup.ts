import { createHash } from 'node:crypto';
import { GUEST_FILES } from '../catalog/guest.ts';
import { Unreadable } from '../image/look.ts';
import type { Reader } from '../image/types.ts';
import { parseReceipt } from './receipt.ts';
import { isExecutable, isFile, look, namesIn, readBytes, readText, statOf } from './see.ts';
import type { SetupFacts, SetupFile } from './types.ts';

const STATE = '/var/lib/toa';
const ENV = '/etc/toa/toa.env';
const TRUSTED = '/etc/toa/trusted';
const PAYLOAD = '/usr/local/lib/toa/payload.sha256';
const SUMS = '/usr/local/lib/toa/sums';

/** Written on the machine, and so not among the catalog's guest files. */
const WRITTEN: readonly string[] = [
  ENV,
  TRUSTED,
  '/etc/toa/files',
  PAYLOAD,
  SUMS,
  '/etc/modprobe.d/toa.conf',
  '/etc/systemd/system/toa-ready.target.d/toa.conf',
];

/** What rebuilds the reader for a new kernel. */
const HOOKS: readonly string[] = ['/etc/kernel/postinst.d/toa', '/etc/kernel/install.d/50-toa.install'];

const LOADING = 'loading.';

/** What toa-bake has put on the machine, and what it noted there. */
export async function setupFacts(reader: Reader): Promise<SetupFacts> {
  return {
    env: await look(async () => {
      const text = await readText(reader, ENV);
      return text === undefined ? undefined : parseEnv(text);
    }),
    trusted: await look(async () => {
      const text = await readText(reader, TRUSTED);
      return text === undefined ? undefined : (text.match(/^[0-9A-Za-z.:/]+/gm) ?? []);
    }),
    receipt: await look(async () => {
      const text = await readText(reader, `${STATE}/receipt.json`);
      return text === undefined ? undefined : parseReceipt(text);
    }),
    files: await look(async () => {
      const paths = [...GUEST_FILES.map(({ path }) => path), ...WRITTEN];
      const sums = parseSums((await readText(reader, SUMS)) ?? '');
      const files = await Promise.all([...new Set(paths)].sort().map((path) => fileOf(reader, path, sums.get(path))));
      return files.flat();
    }),
    hooks: await look(async () => {
      const are = await Promise.all(HOOKS.map((path) => isExecutable(reader, path)));
      return HOOKS.filter((_, index) => are[index]);
    }),
    loading: await look(async () => {
      const marks = (await namesIn(reader, STATE)).filter((name) => name.startsWith(LOADING));
      return marks.length > 0 ? marks.map((name) => name.slice(LOADING.length)) : undefined;
    }),
    payload: await look(async () => (await readText(reader, PAYLOAD))?.trim()),
  };
}

async function fileOf(reader: Reader, path: string, installed: string | undefined): Promise<readonly SetupFile[]> {
  if (!(await isFile(reader, path))) return [];
  const stat = await statOf(reader, path);
  const bytes = await readBytes(reader, path);
  if (stat === undefined || bytes === undefined) return [];
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return [{ path, mode: stat.mode, sha256, ...(installed && { installed }) }];
}

/** As sha256sum writes them from the root: the sums by path. */
function parseSums(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)].map(([, sum = '', path]) => [`/${path}`, sum]));
}

/** Lines KEY='value', as toa-setup reads them. */
function parseEnv(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const [, key, value] = /^([A-Z_]+)='([^'"\\]*)'$/.exec(line) ?? [];
      if (key === undefined || value === undefined) throw new Unreadable(`${ENV} has a line that is not KEY='value'`);
      return [key, value];
    }),
  );
}
