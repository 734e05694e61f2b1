/** Real cloud-init of several ages, as the judge of user-data: its Python code, unpacked beside this machine's own. */

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { type AptConfiguration, aptConfiguration } from '../apt.ts';
import { cached } from '../cache.ts';
import { inRepo } from '../cli.ts';

/** What one user-data comes to in cloud-init's hands. Files are [name, content], in the order in which they run. */
export interface Judged {
  /** Why cloud-init gave up on user-data as a whole. */
  readonly error: string | null;
  /** The merged cloud-config that all modules read. */
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly scripts: readonly (readonly [string, string])[];
  readonly perBoot: readonly (readonly [string, string])[];
  readonly perInstance: readonly (readonly [string, string])[];
  readonly perOnce: readonly (readonly [string, string])[];
  readonly boothooks: readonly (readonly [string, string])[];
  readonly handlers: readonly (readonly [string, string])[];
  /** What payloads of a test wrote to $JUDGE/cloud/seen when they ran. */
  readonly seen: readonly (readonly [string, string])[];
  readonly warnings: readonly string[];
}

/** The `dist-packages` of a suite's cloud-init: installed here, or taken out of its package and kept in the cache. */
export async function cloudInitOf(suite: string): Promise<string> {
  if (suite === 'installed') return '/usr/lib/python3/dist-packages';
  const apt = await aptConfiguration(suite);
  const directory = await cached(`cloud-init-${suite}`, apt, (part) => unpackCloudInit(part, apt));
  return join(directory, 'root/usr/lib/python3/dist-packages');
}

async function unpackCloudInit(directory: string, apt: AptConfiguration): Promise<void> {
  const work = join(directory, 'apt');
  const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
  await mkdir(join(work, 'state/lists/partial'), { recursive: true });
  await writeFile(join(work, 'sources.list'), lines(apt.sources));
  await writeFile(join(work, 'status'), '');
  // A setting of its own for each place that apt would read or write on this machine.
  const settings = {
    'Dir::Etc::SourceList': join(work, 'sources.list'),
    'Dir::Etc::SourceParts': '-',
    'Dir::State': join(work, 'state'),
    'Dir::State::Status': join(work, 'status'),
    'Dir::Cache': work,
    'APT::Sandbox::User': 'root',
  };
  const places = Object.entries(settings).map(([key, value]) => `${key} "${value}";`);
  await writeFile(join(work, 'apt.conf'), lines([...apt.settings, ...places]));
  const aptGet = async (...args: string[]) =>
    await execa('apt-get', ['-q', ...args], { cwd: work, env: { APT_CONFIG: join(work, 'apt.conf') } });
  await aptGet('update');
  await aptGet('download', 'cloud-init');
  const [deb = ''] = (await readdir(work)).filter((name) => name.endsWith('.deb'));
  await execa('dpkg-deb', ['-x', join(work, deb), join(directory, 'root')]);
  await rm(work, { recursive: true });
}

/** Hands each user-data to the real code, each in a process and a cloud directory of its own. */
export async function judge(
  distPackages: string,
  cases: Readonly<Record<string, string | Uint8Array>>,
): Promise<Readonly<Record<string, Judged>>> {
  const input = Object.fromEntries(
    Object.entries(cases).map(([name, data]) => [name, Buffer.from(data).toString('base64')]),
  );
  // Debian's own Python: it has the libraries that cloud-init needs.
  const { stdout } = await execa('/usr/bin/python3', [inRepo('test/support/merge/judge.py'), distPackages], {
    input: JSON.stringify(input),
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  });
  return JSON.parse(stdout);
}
