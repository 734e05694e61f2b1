/** A test machine with the module: built, booted, and what to ask of it. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { buildModule, type Kernel } from './kernels.ts';
import { bootMicrovm, type Microvm, type MicrovmOptions } from './microvm.ts';
import { buildPeer } from './peer.ts';

const repository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Builds a module of this repository for `kernel`, with not one word of the compiler. */
export async function builtModule(kernel: Kernel, source: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'toa-bake-module-'));
  try {
    const { path, complaints } = await buildModule(kernel, repository(source), directory);
    expect(complaints).toEqual([]);
    return await readFile(path);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** What every machine that tries the module has: it, the script that handles it, and `peerFiles`. */
export async function moduleFiles(kernel: Kernel): Promise<Readonly<Record<string, Buffer>>> {
  return {
    '/toa.ko': await builtModule(kernel, 'guest/module'),
    '/reader': await readFile(repository('test/support/readers/module.sh')),
    ...(await peerFiles()),
  };
}

/** What every test machine has: the peers that are written in C and in Python, and the probe. */
export async function peerFiles(): Promise<Readonly<Record<string, Buffer>>> {
  const probe = await readFile(repository('guest/toa-probe'));
  return {
    '/peer': await buildPeer(),
    '/toa-probe': probe,
    '/toa_probe.py': probe,
    '/cases.py': await readFile(repository('test/support/microvm/cases.py')),
  };
}

/** Does `work` in a machine with TUN devices. Its console log stays where that fails. */
export async function inMachine(options: MicrovmOptions, work: (vm: Microvm) => Promise<void>): Promise<void> {
  // One script plays the whole table.
  const vm = await bootMicrovm({ patience: 3, ...options });
  try {
    await output(vm, 'modprobe tun; ip link set lo up');
    await work(vm);
  } finally {
    await vm.stop();
  }
  await rm(vm.log);
}

/** A script's output; its exit code must be 0, or one of `codes`. */
export async function output(vm: Microvm, script: string, codes: readonly number[] = [0]): Promise<string> {
  const answer = await vm.run(script);
  if (!codes.includes(answer.code)) throw new Error(`${script}: exit code ${answer.code}\n${answer.output}`);
  return answer.output.trim();
}

/** The reader's counters, each summed over its columns. */
export async function counters(vm: Microvm): Promise<Readonly<Record<string, number>>> {
  const lines = (await output(vm, '/reader stats')).split('\n').slice(1);
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', columns = ''] = line.split(':');
      const values = columns.trim().split(/\s+/).map(Number);
      return [name.trim(), values.reduce((sum, value) => sum + value, 0)];
    }),
  );
}

/** What `work` adds to the counters; rows that stay are left out. */
export async function counted(vm: Microvm, work: () => Promise<void>): Promise<Readonly<Record<string, number>>> {
  const before = await counters(vm);
  await work();
  const rows = Object.entries(await counters(vm)).map(([row, value]) => [row, value - (before[row] ?? 0)] as const);
  return Object.fromEntries(rows.filter(([, value]) => value !== 0));
}

/** A kernel that warns panics (see microvm.ts); what is left is what it only notes. */
export async function leftNoTrace(vm: Microvm): Promise<void> {
  const log = await output(vm, 'dmesg');
  expect(log).not.toMatch(/WARNING|BUG|Oops|Call Trace|call trace|general protection|unexpected|leak/);
  // Out of tree and unsigned, nothing else: no warning, no dead task, no forced unload.
  expect(Number(await output(vm, 'cat /proc/sys/kernel/tainted')) & ~(4096 | 8192)).toBe(0);
}
