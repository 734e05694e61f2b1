import { Unreadable } from '../image/look.ts';
import type { Look, Reader } from '../image/types.ts';
import { isFile, look, namesIn, readText, seen } from './see.ts';
import type { ProgramFacts, RunningFacts } from './types.ts';

const PARAMETERS = '/sys/module/toa/parameters';
const MODULES_LIMIT = 4 * 1024 * 1024;

/** Rules that the machine's own programs list. */
const LISTINGS: readonly (readonly string[])[] = [['nft', 'list', 'ruleset'], ['iptables-save'], ['ip6tables-save']];

const TOA_BPF = '/usr/local/lib/toa/toa-bpf';
const CHECK: readonly string[] = ['python3', TOA_BPF, 'check'];

/** All that is looked at below: what to ask of a machine that answers but once. */
export const RUNNING_QUESTIONS = {
  files: [
    '/proc/sys/kernel/osrelease',
    '/proc/cmdline',
    '/proc/modules',
    `${PARAMETERS}/kinds`,
    `${PARAMETERS}/trusted`,
    '/proc/net/toa_trusted',
    '/proc/net/toa_stats',
    '/proc/sys/kernel/tainted',
    '/sys/kernel/security/lockdown',
  ],
  programs: [...LISTINGS, CHECK].map((argv) => ({ argv })),
} as const;

/** What only a running machine shows. */
export function runningFacts(reader: Reader, machine: Look<string>): Promise<Look<RunningFacts>> {
  return look(async () => {
    if (!reader.live) return undefined;
    return {
      release: await needed(reader, '/proc/sys/kernel/osrelease'),
      machine: seen(machine) ?? '',
      commandLine: await needed(reader, '/proc/cmdline'),
      loaded: await look(async () => {
        const text = await readText(reader, '/proc/modules', MODULES_LIMIT);
        return text === undefined ? namesIn(reader, '/sys/module') : text.match(/^\S+/gm);
      }).then((found) => (found.state === 'known' ? { ...found, value: found.value ?? [] } : found)),
      kinds: await look(async () => {
        const text = await readText(reader, `${PARAMETERS}/kinds`);
        return text?.trim().split(',').map(Number);
      }),
      trusted: await look(() => trustedOf(reader)),
      stats: await look(() => statsOf(reader)),
      tainted: await look(async () => {
        const text = await readText(reader, '/proc/sys/kernel/tainted');
        return text === undefined ? undefined : Number(text.trim());
      }),
      // The mode in brackets is the one that holds.
      lockdown: await look(
        async () => /\[(\w+)\]/.exec((await readText(reader, '/sys/kernel/security/lockdown')) ?? '')?.[1],
      ),
      filter: await look(() => filterOf(reader)),
      programs: await look(() => programsOf(reader)),
      probe: { state: 'absent' },
    };
  });
}

/** toa-bpf's own exit codes: 0 all is in place, 1 not, 3 it may not look. */
async function programsOf(reader: Reader): Promise<ProgramFacts | undefined> {
  if (!(await isFile(reader, TOA_BPF))) return undefined;
  if (reader.run === undefined) throw new Unreadable('no program can be run there');
  const answer = await reader.run(CHECK);
  if (answer.state !== 'known') throw new Unreadable(answer.state === 'unknown' ? answer.why : 'no Python');
  const { code, stderr } = answer.value;
  if (code !== 0 && code !== 1) throw new Unreadable(`toa-bpf: ${stderr.trim()}`);
  const remarks = stderr.split('\n').flatMap((line) => /^toa-bpf: (?:error: )?(.*)/.exec(line)?.[1] ?? []);
  return { loaded: code === 0, remarks };
}

async function needed(reader: Reader, path: string): Promise<string> {
  const text = await readText(reader, path);
  if (text === undefined) throw new Unreadable(`a running machine without ${path}`);
  return text.trim();
}

/** The file takes and gives longer lists than the parameter. */
async function trustedOf(reader: Reader): Promise<readonly string[] | undefined> {
  const text = (await readText(reader, '/proc/net/toa_trusted')) ?? (await readText(reader, `${PARAMETERS}/trusted`));
  return text?.split(/[\s,]+/).filter((network) => network !== '');
}

/** A row for each counter and a column for each processor. */
async function statsOf(reader: Reader): Promise<Readonly<Record<string, number>> | undefined> {
  const text = await readText(reader, '/proc/net/toa_stats');
  if (text === undefined) return undefined;
  return Object.fromEntries(
    [...text.matchAll(/^\s*(\w+)\s*:((?:\s+\d+)*)\s*$/gm)].map(([, name = '', columns = '']) => [
      name,
      (columns.match(/\d+/g) ?? []).reduce((sum, column) => sum + Number(column), 0),
    ]),
  );
}

/** All rules that the machine's own programs list; absent where it has none of them. */
async function filterOf(reader: Reader): Promise<string | undefined> {
  if (reader.run === undefined) throw new Unreadable('no program can be run there');
  const answers: string[] = [];
  const refused: string[] = [];
  for (const argv of LISTINGS) {
    const answer = await reader.run(argv);
    if (answer.state === 'known' && answer.value.code === 0)
      answers.push(Buffer.from(answer.value.stdout).toString('utf8'));
    else if (answer.state === 'known' && answer.value.code !== 127)
      refused.push(`${argv[0]}: ${answer.value.stderr.trim()}`);
    else if (answer.state === 'unknown' && !/ENOENT|not found/.test(answer.why)) refused.push(answer.why);
  }
  if (refused.length > 0) throw new Unreadable(refused.join('; '));
  return answers.length > 0 ? answers.join('') : undefined;
}
