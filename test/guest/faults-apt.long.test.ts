/** Faults of mirrors and package managers: toa-setup in fake roots, with the real apt and dpkg, and a mirror on the loopback. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Mirror, type Mood, useRealApt } from '../support/bad-mirror.ts';
import { type FakeMachine, KERNEL, SHELLS, type Shell } from '../support/fakeroot.ts';
import { expectAgain, expectNothing, expectRow } from '../support/fault-checks.ts';
import type { FaultId } from '../support/faults.ts';
import { serveHttps } from '../support/https.ts';
import { fake, module, receipt, script } from '../support/setup.ts';

const mirrors: Mirror[] = [];
const web = await serveHttps({ '/file': (_, response) => response.end('another file') });
afterAll(async () => {
  for (const mirror of mirrors) mirror.close();
  await web.close();
});

/** A machine without compiler and headers, and the mirror that it knows. */
async function bare(shell: Shell, mood: Mood | 'dead'): Promise<readonly [FakeMachine, Mirror]> {
  const mirror = await Mirror.open();
  mirrors.push(mirror);
  const machine = fake(shell, { commands: ['make', 'strip', 'python3'], headers: [], tools: ['sleep'] });
  useRealApt(machine, mirror.origin(mood === 'dead'));
  if (mood !== 'dead') mirror.mood = mood;
  return [machine, mirror];
}

/** What dpkg says of each package. */
const packages = (machine: FakeMachine) =>
  [...machine.read('/var/lib/dpkg/status').matchAll(/^Package: (.*)\nStatus: (.*)$/gm)].map(
    ([, name, is]) => `${name}: ${is}`,
  );
const ALL = ['libgcc', 'gcc', `linux-headers-${KERNEL}`].map((name) => `${name}: install ok installed`).sort();

/** Holds a lock as dpkg does until the function is called. */
async function holdLock(path: string): Promise<() => void> {
  const hold =
    'import fcntl, sys; f = open(sys.argv[1], "w"); fcntl.lockf(f, fcntl.LOCK_EX); print("held", flush=True); sys.stdin.read()';
  const holder = spawn('python3', ['-c', hold, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((held) => holder.stdout.once('data', held));
  return () => holder.stdin.end();
}

const REFUSED: readonly (readonly [id: FaultId, mood: Mood | 'dead', seconds: string])[] = [
  ['mirror-dead', 'dead', '600'],
  ['mirror-stuck', 'trickle', '8'],
  ['mirror-cut-always', 'cut', '600'],
  ['mirror-wrong-hash', 'other', '600'],
];

const SURVIVED: readonly (readonly [id: FaultId, mood: Mood])[] = [
  ['mirror-slow', 'slow'],
  ['mirror-cut', 'cut-once'],
];

describe.concurrent.each(SHELLS)('apt under %s', (shell) => {
  it.each(REFUSED)('%s', async (id, mood, seconds) => {
    const [machine, mirror] = await bare(shell, mood);
    const before = machine.tree();
    const run = await machine.install(script(), ['all'], { TOA_LOCK_SECONDS: seconds });
    expectRow(id, machine, run);
    expectNothing(machine, before);
    expect(packages(machine)).toEqual([]);
    mirror.mood = 'good';
    useRealApt(machine, mirror.origin());
    await expectAgain(machine);
    expect(packages(machine).sort()).toEqual(ALL);
  });

  it.each(SURVIVED)('%s', async (id, mood) => {
    const [machine] = await bare(shell, mood);
    const run = await machine.install(script());
    expectRow(id, machine, run);
    expect([packages(machine).sort(), machine.has(module(KERNEL))]).toEqual([ALL, true]);
  });

  it('dpkg-killed', async () => {
    const [machine] = await bare(shell, 'good');
    machine.write({ '/kill': 'preinst' });
    expectRow('dpkg-killed', machine, await machine.install(script()));
    expect(packages(machine)).not.toEqual(ALL);
    await expectAgain(machine);
    expect(packages(machine).sort()).toEqual(ALL);
  });

  it('dpkg-killed-late', async () => {
    const [machine] = await bare(shell, 'good');
    machine.write({ '/kill': 'postinst' });
    expectRow('dpkg-killed-late', machine, await machine.install(script()));
    expect(packages(machine).sort()).not.toEqual(ALL);
    await expectAgain(machine);
    expect(packages(machine).sort()).toEqual(ALL);
  });

  it('lock-held-for-ever', async () => {
    const [machine] = await bare(shell, 'good');
    const before = machine.tree();
    const release = await holdLock(join(machine.root, 'var/lib/dpkg/lock-frontend'));
    const run = await machine.install(script(), ['all'], { TOA_LOCK_SECONDS: '6' });
    expectRow('lock-held-for-ever', machine, run);
    expectNothing(machine, before);
    release();
    await expectAgain(machine);
  });

  it('file-wrong-hash', async () => {
    const pinned = createHash('sha256').update('the file').digest('hex');
    const file = `{url: "${web.origin}/file", sha256: ${pinned}, role: module, release: ${KERNEL}}`;
    const machine = fake(shell, { commands: [], tools: ['curl'], headers: [] });
    const before = machine.tree();
    const plan = script('debian-12', `, method: prebuilt, trust: any, files: [${file}]`);
    expectRow('file-wrong-hash', machine, await machine.install(plan, ['all'], web.env));
    expectNothing(machine, before);
    expect(readdirSync(join(machine.root, 'var/lib/toa/fetch'))).toEqual([]);
  });
});

it('lock-held', async () => {
  const [machine] = await bare('dash', 'good');
  const release = await holdLock(join(machine.root, 'var/lib/dpkg/lock-frontend'));
  setTimeout(release, 60_000);
  const started = Date.now();
  const run = await machine.install(script());
  expectRow('lock-held', machine, run);
  expect(Date.now() - started).toBeGreaterThan(60_000);
  expect([packages(machine).sort(), receipt(machine).kernels.length]).toEqual([ALL, 1]);
});
