import type { Facts } from '../facts/types.ts';
import { matchesGlob } from '../plan/method.ts';
import { TARGETS, type Target } from '../plan/targets.ts';
import { isRelease } from './expectation.ts';
import { ifKnown } from './look.ts';

const COMMANDS: Readonly<Record<Target['packageManager'], string>> = {
  apt: 'apt-get install',
  yum: 'yum install',
  dnf: 'dnf install',
  zypper: 'zypper install',
};

/** What installs the headers of a kernel on this machine; undefined where the catalog does not know the distribution. */
export function installHeaders(facts: Facts, release: string): string | undefined {
  const target = targetOf(facts);
  const rule = target?.headers.find(({ match }) => matchesGlob(release, match));
  if (!target || !rule) return undefined;
  // As toa-setup reads the rules: the flavour follows the first plus or else the last dash.
  const at = release.includes('+') ? release.indexOf('+') : release.lastIndexOf('-');
  const parts = { release, version: release.slice(0, at), flavour: release.slice(at + 1) };
  const packages = rule.packages.map((name) =>
    Object.entries(parts).reduce((text, [key, value]) => text.replaceAll(`{${key}}`, value), name),
  );
  return `${COMMANDS[target.packageManager]} ${packages.join(' ')}`;
}

/** What installs the compiler and its tools on this machine. */
export function installCompiler(facts: Facts): string | undefined {
  const target = targetOf(facts);
  return target && `${COMMANDS[target.packageManager]} ${target.buildPackages.join(' ')}`;
}

/** For words only: what is not known has no command. */
function targetOf(facts: Facts): Target | undefined {
  const os = ifKnown(facts.os);
  return os && TARGETS.find((target) => isRelease(target, os));
}
