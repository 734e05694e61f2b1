/** The apt sources and settings of the machine that runs the tests: no mirror is named in this repository. */

import { execa } from 'execa';

/** Settings without which a machine's sources may not answer: proxies, and mirrors whose release files have expired. */
const SETTINGS = [
  'Acquire::http::Proxy',
  'Acquire::https::Proxy',
  'Acquire::Check-Valid-Until',
  'Acquire::Check-Date',
  'Acquire::Retries',
] as const;

/** Descriptions in other languages are a third of what `apt-get update` downloads and unpacks, and nobody reads them here. */
const NO_TRANSLATIONS = 'Acquire::Languages "none";';

/** Suites that have neither updates nor a security archive of their own. */
const ROLLING: readonly string[] = ['sid', 'unstable', 'experimental'];

/** What apt needs on a machine of one suite. */
export interface AptConfiguration {
  /** One-line sources (`deb URI SUITE COMPONENT`): the suite, its updates and its security archive, as far as this machine has them. */
  readonly sources: readonly string[];
  /** Lines for apt.conf.d. */
  readonly settings: readonly string[];
}

/** This machine's Debian sources, with `suite` in place of its own. Throws where it has none. */
export async function aptConfiguration(suite: string): Promise<AptConfiguration> {
  const sources = sourcesFor(suite, await ownSources());
  if (sources.length === 0) throw new Error('apt on this machine has no source of Debian packages');
  return { sources, settings: [...(await ownSettings()), NO_TRANSLATIONS] };
}

interface Source {
  readonly uri: string;
  readonly suite: string;
  readonly component: string;
}

async function ownSources(): Promise<readonly Source[]> {
  const format = '$(ORIGIN)\t$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)';
  const { stdout } = await execa('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  return stdout.split('\n').flatMap((line) => {
    const [origin, uri, suite, component] = line.split('\t');
    return origin === 'Debian' && uri && suite && component ? [{ uri, suite, component }] : [];
  });
}

function sourcesFor(suite: string, own: readonly Source[]): readonly string[] {
  const lines = own.flatMap(({ uri, suite: ownSuite, component }) => {
    const pocket = /-.*$/.exec(ownSuite)?.[0] ?? '';
    return pocket !== '' && ROLLING.includes(suite) ? [] : [`deb ${uri} ${suite}${pocket} ${component}`];
  });
  return [...new Set(lines)];
}

async function ownSettings(): Promise<readonly string[]> {
  const { stdout } = await execa('apt-config', ['dump']);
  return stdout.split('\n').filter((line) => SETTINGS.some((key) => line.startsWith(`${key} `)));
}
