import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expect as expectation } from '../../src/checks/expectation.ts';
import { CHECKS, judge } from '../../src/checks/index.ts';
import { installHeaders } from '../../src/checks/install-command.ts';
import { known } from '../../src/checks/look.ts';
import type { Check, Expectation } from '../../src/checks/types.ts';
import type { Facts, OsRelease } from '../../src/facts/types.ts';
import { resolve } from '../../src/plan/resolve.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { goodFacts, liveFacts, pageFacts } from '../support/facts.ts';
import { MUTATIONS, programFacts } from './mutations.ts';

/** What a machine is judged by when it was made from this spec, or when there is none. */
function expectedOf(facts: Facts, spec?: string): Expectation {
  const look = expectation(facts, spec === undefined ? null : resolve(parseSpec(spec).spec).plans);
  if (look.state !== 'known') throw new Error(`no expectation: ${JSON.stringify(look)}`);
  return look.value;
}

const SPEC = 'version: 1\ntrust: [198.18.7.0/24]\ntargets: [debian-12]\n';

/** What does not hold: `status code`, each once. */
function faults(facts: Facts, expected = expectedOf(facts)): readonly string[] {
  const found = judge(facts, expected).filter(({ status }) => status === 'fails' || status === 'unknown');
  const shown = found.map(({ status, severity, code }) => `${status === 'fails' ? severity : status} ${code}`);
  return [...new Set(shown)].sort();
}

const MACHINES: readonly (readonly [string, Facts, Expectation])[] = [
  ['an image of ours', goodFacts(), expectedOf(goodFacts())],
  ['an image of ours, by its spec', goodFacts(), expectedOf(goodFacts(), SPEC)],
  ['a running machine of ours', liveFacts(), expectedOf(liveFacts(), SPEC)],
  ['a running machine with programs', programFacts(), expectedOf(programFacts())],
  ['a machine by the page', pageFacts(), expectedOf(pageFacts())],
];

describe('machines that are right', () => {
  it.each(MACHINES.slice(0, 4))('%s: everything holds', (_, facts, expected) => {
    expect(faults(facts, expected)).toEqual([]);
  });

  it('a machine by the page, and no spec: sound, and nobody can say whether kinds and trust are right', () => {
    expect(faults(pageFacts())).toEqual(['unknown option/kind', 'unknown trust/differs']);
  });

  it('every check says something of every machine', () => {
    for (const [, facts, expected] of MACHINES) {
      const silent = CHECKS.filter((check) => check.judge(facts, expected).length === 0);
      expect(silent.map(({ code }) => code)).toEqual([]);
    }
  });
});

describe('one thing is wrong', () => {
  it.each(MUTATIONS.map((m) => [m.name, m] as const))('%s', (_, { facts, raises, spec }) => {
    expect(faults(facts, expectedOf(facts, spec))).toEqual([...raises].sort());
  });

  it('every check has a case that it alone finds', () => {
    // Without it, whatever is about the kernel that boots next is unknown too.
    const never = ['boot/default-unknown'];
    const alone = MUTATIONS.filter(({ raises }) => raises.length === 1).map(({ raises }) => raises[0]?.split(' ')[1]);
    expect(CHECKS.map(({ code }) => code).filter((code) => !alone.includes(code))).toEqual(never);
  });
});

describe('what to do is exact', () => {
  const ON: Readonly<Record<string, Partial<OsRelease>>> = {
    'debian 12': { id: 'debian', versionId: '12' },
    'rocky 9.4': { id: 'rocky', versionId: '9.4' },
    'opensuse-leap 15.6': { id: 'opensuse-leap', versionId: '15.6' },
    'something else 1': { id: 'something-else', versionId: '1' },
  };
  it.each([
    ['debian 12', '6.1.0-56-amd64', 'apt-get install linux-headers-6.1.0-56-amd64'],
    ['rocky 9.4', '5.14.0-427.el9.x86_64', 'dnf install kernel-devel-5.14.0-427.el9.x86_64'],
    ['rocky 9.4', '5.14.0-427.el9.aarch64+64k', 'dnf install kernel-64k-devel-5.14.0-427.el9.aarch64'],
    ['opensuse-leap 15.6', '6.4.0-150600.23.53-default', 'zypper install kernel-default-devel=6.4.0-150600.23.53'],
    ['something else 1', '6.1.0', undefined],
  ])('headers on %s for %s', (name, release, command) => {
    const os = known({ name: '', prettyName: '', id: '', versionId: '', ...ON[name] });
    expect(installHeaders(goodFacts({ os }), release)).toBe(command);
  });
});

describe('what nobody could look at', () => {
  const cases = MACHINES.flatMap(([name, facts, expected]) =>
    CHECKS.flatMap((check) =>
      looksOf(check, facts, expected).map(
        (path) => [check.code, path.join('.'), name, check, path, facts, expected] as const,
      ),
    ),
  );

  it('is tried for every part of the facts that a check looks at', () => {
    expect(cases.length).toBeGreaterThan(200);
    const used = new Set(cases.map(([, path]) => path.split('.')[0]));
    expect([...used].sort()).toEqual(
      'boot build cloudInit dkms firewall holders hygiene kernels loaders machine modprobe os packages running secureBoot setup'.split(
        ' ',
      ),
    );
  });

  it.each(cases)('%s without %s (%s)', (_, __, ___, check, path, facts, expected) => {
    const statuses = check.judge(blinded(facts, path), expected).map(({ status }) => status);
    expect(statuses).toContain('unknown');
    expect(statuses).not.toContain('fails');
  });

  it('is never asked for but by the few functions that cannot forget it', () => {
    const folder = new URL('../../src/checks/', import.meta.url).pathname;
    const files = readdirSync(folder).filter((name) => name !== 'look.ts');
    const peeking = files.filter((name) => /\.state\b|'known'/.test(readFileSync(folder + name, 'utf8')));
    expect(files.length).toBeGreaterThan(40);
    expect(peeking).toEqual([]);
  });
});

type Path = readonly (string | number)[];

/** Where a check asks whether something could be looked at, while everything can be. */
function looksOf(check: Check, facts: Facts, expected: Expectation): readonly Path[] {
  const seen = new Map<string, Path>();
  check.judge(
    recording(facts, [], (path) => seen.set(path.join('.'), path)),
    expected,
  );
  return [...seen.values()];
}

function recording<T extends object>(value: T, path: Path, note: (path: Path) => void): T {
  return new Proxy(value, {
    get(target, key, receiver) {
      const found: unknown = Reflect.get(target, key, receiver);
      if (typeof key === 'symbol') return found;
      if (key === 'state') note(path);
      return typeof found === 'object' && found !== null ? recording(found, [...path, key], note) : found;
    },
  });
}

/** The facts, one of which nobody could look at. */
function blinded(facts: Facts, path: Path): Facts {
  const copy = structuredClone(facts) as unknown as Record<string, unknown>;
  const parent = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, copy);
  parent[String(path.at(-1))] = { state: 'unknown', why: 'the disk has a bad block there' };
  return copy as unknown as Facts;
}
