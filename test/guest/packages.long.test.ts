/**
 * What toa-setup asks apt for exists, by the package lists of each suite that the mirrors serve: for the newest kernel of each series and
 * flavour of the catalog, on both architectures; and apt itself would install it.
 */

import { describe, expect, it } from 'vitest';
import { findTarget } from '../../src/plan/targets.ts';
import { type FakeMachine, type Run, SHELLS } from '../support/fakeroot.ts';
import { osFiles, packageLines } from '../support/row-machine.ts';
import { fake, ran, receipt, script } from '../support/setup.ts';
import { type DebArch, SERVED, type ServedFacts, servedFacts } from '../support/suite-index.ts';

const MACHINE = { amd64: 'x86_64', arm64: 'aarch64' } as const;
const CASES = Object.keys(SERVED).flatMap((id) => (['amd64', 'arm64'] as const).map((arch) => [id, arch] as const));

/** A machine with one kernel, which came by the package without a version in its name. */
function machineOf(facts: ServedFacts, arch: DebArch, kernel: string, turn: number, more = ''): FakeMachine {
  return fake(SHELLS[turn % SHELLS.length] ?? 'dash', {
    ...{ kernels: [kernel], headers: [], running: kernel, commands: ['strip', 'python3'], files: osFiles(facts) },
    steer: {
      packages: `${more}${packageLines(facts)}`,
      machine: MACHINE[arch],
      dpkg: `install ok installed linux-image-${flavourOf(kernel)}\n`,
    },
  });
}

/** "cloud-amd64" */
const flavourOf = (release: string): string => /[a-z]+(-[a-z]+)*64(-16k)?$/.exec(release)?.[0] ?? '';

/** All that apt was asked to install. */
const asked = (run: Run): readonly string[] =>
  // What is downloaded first is installed then.
  ran(run, 'apt-get')
    .filter((line) => !line.includes(' -d '))
    .flatMap((line) => line.split(' install ')[1]?.split(' ') ?? []);

describe.concurrent.each(CASES)('%s on %s', (id, arch) => {
  const plan = script(id, `, method: module, arch: ${arch === 'arm64' ? 'arm64' : 'x86_64'}`);
  const series = (release: string): string => release.split('.').slice(0, 2).join('.');

  it('every kernel of the catalog has its headers, compiler and what later kernels come by', async () => {
    const facts = await servedFacts(id, arch);
    const kernels = facts.kernels.map(({ release }) => release);
    expect([...new Set(kernels.map(series))].sort()).toEqual([...(findTarget(id)?.kernels ?? [])].sort());
    expect(kernels.map(flavourOf)).toEqual(expect.arrayContaining([arch, `cloud-${arch}`, `rt-${arch}`]));
    const wanted = new Set<string>();
    for (const [turn, kernel] of kernels.entries()) {
      const run = await machineOf(facts, arch, kernel, turn).install(plan, ['deps']);
      expect(run.code, run.stderr).toBe(0);
      expect(run.stderr, kernel).toBe(`toa-setup: installing gcc make linux-headers-${kernel}\n`);
      expect(asked(run)).toEqual(['gcc', 'make', `linux-headers-${kernel}`, `linux-headers-${flavourOf(kernel)}`]);
      for (const name of asked(run)) wanted.add(name);
    }
    // Each headers package with all that it depends on, the compiler of its kernel among them.
    const said = await facts.index.simulate([...wanted]);
    for (const kernel of kernels) expect(said).toContain(`Inst linux-headers-${kernel} `);
    expect(said).toMatch(/^Inst gcc-\d+ /m);
  });

  it('a kernel whose headers are served no more gets the newest one and its headers', async () => {
    const facts = await servedFacts(id, arch);
    const names = [`linux-image-cloud-${arch}`, `linux-headers-cloud-${arch}`];
    const said = await facts.index.simulate(names);
    const newest = new RegExp(`^Inst linux-image-(\\d\\S*-cloud-${arch}) `, 'm').exec(said)?.[1] ?? '';
    const old = newest.replace(/^(\d+\.\d+)\.\d+(-\d+)?/, '$1.0-1');
    expect(facts.names).not.toContain(`linux-headers-${old}`);
    const machine = machineOf(facts, arch, old, 1, names.map((name) => `${name} ${newest}\n`).join(''));
    const run = await machine.install(plan, ['deps']);
    expect(run.code, run.stderr).toBe(0);
    expect(asked(run).join(' ')).toContain(`gcc make ${names.join(' ')}`);
    expect(receipt(machine)).toMatchObject({ running: old, next: newest });
  });
});
