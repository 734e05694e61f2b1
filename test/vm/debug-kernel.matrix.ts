/** The module in a kernel that watches itself: KASAN, lockdep, PROVE_RCU, kmemleak, UBSAN, failing allocations. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { debugKernel } from '../support/debug-kernel.ts';
import { loadReport, loadScript, TRUSTED_BY_LOAD } from '../support/debug-load.ts';
import { expectNoReport, inDebugMachine, reports } from '../support/debug-machine.ts';
import { builtModule, counted, moduleFiles, output } from '../support/module-machine.ts';
import { trialFiles, tryEverything } from '../support/module-trial.ts';

/** In each of two machines, which run at the same time. */
const CONNECTIONS = 100_000;
/** Made and counted at a time. */
const CHUNK = 5000;
const RELOAD_CONNECTIONS = 8000;
const FAILING_CONNECTIONS = 2000;

/** The connections take about 35 minutes of two cores, everything else ten minutes together. */
vi.setConfig({ testTimeout: 5 * 3_600_000 });

const FAILING = fileURLToPath(new URL('../support/microvm/failing.py', import.meta.url));

/** Also those that may wait, and single pages; see fault-injection.rst of the kernel. */
const FAIL_ALL =
  'cd /sys/kernel/debug; for f in failslab fail_page_alloc; do echo 0 >$f/verbose; echo N >$f/ignore-gfp-wait; done; ' +
  'echo N >fail_page_alloc/ignore-gfp-highmem; echo 0 >fail_page_alloc/min-order; cd /';

/** Four of ten allocations that the module's own code asks for, softirqs included. */
const FAIL_IN_MODULE =
  'set -e; cd /sys/kernel/debug/failslab; start=$(cat /sys/module/toa/sections/.text); echo 0 >verbose; echo $start >require-start; ' +
  'printf "0x%x" $((start + 0x8000)) >require-end; echo 32 >stacktrace-depth; echo -1 >times; echo 40 >probability';

const FAIL_EVERYWHERE =
  'cd /sys/kernel/debug/failslab; echo 0 >require-start; echo 0xffffffffffffffff >require-end; echo 2 >probability';

const WRITES: readonly string[] = [
  'write /proc/net/toa_trusted /tmp/list',
  'write /sys/module/toa/parameters/trusted /tmp/one',
];

const kernel = await debugKernel();

const sumOf = (rows: Readonly<Record<string, number>>, names: readonly string[]) =>
  names.reduce((sum, name) => sum + (rows[name] ?? 0), 0);

/** What is written to the log, and then what ends the machine. lockdep is silent after its first report. */
const FAULTS: readonly (readonly [
  noted: readonly (readonly [fault: string, report: RegExp])[],
  fatal: readonly [string, RegExp],
])[] = [
  [
    [
      ['leak', /unreferenced object .*\(size 128\)/],
      ['order', /WARNING: possible circular locking dependency detected/],
    ],
    ['behind', /not syncing: KASAN/],
  ],
  [[['rcu', /WARNING: suspicious RCU usage/]], ['freed', /not syncing: KASAN/]],
  [[], ['sleep', /not syncing: scheduling while atomic/]],
];

it.each(FAULTS)('control: a fault is reported: %j %j', async (noted, [fatal, end]) => {
  const files = { '/faulty.ko': await builtModule(kernel, 'test/support/faulty') };
  await inDebugMachine({ name: 'debug-control', kernel, files }, async (vm) => {
    await expectNoReport(vm);
    for (const [fault, report] of noted) {
      await output(vm, `insmod /faulty.ko fault=${fault}; rmmod faulty`);
      expect((await reports(vm)).join('\n')).toMatch(report);
    }
    await expect(vm.run(`insmod /faulty.ko fault=${fatal}`)).rejects.toThrow(end);
  });
});

it('the whole case list', async () => {
  const files = await trialFiles(kernel);
  await inDebugMachine({ name: 'debug-cases', kernel, files }, async (vm) => {
    await tryEverything(vm);
    await expectNoReport(vm);
  });
});

it.concurrent.each([0, 1])(`${CONNECTIONS} connections with random options, machine %i`, async (machine) => {
  const files = await moduleFiles(kernel);
  // Without the checker of objects' lives, which doubles the time: it is on in all other tests.
  const options = { name: `debug-fuzz-${machine}`, kernel, files, append: 'no_debug_objects' };
  await inDebugMachine(options, async (vm) => {
    await output(vm, `insmod /toa.ko kinds=254,253,252,200,28 trusted=${TRUSTED_BY_LOAD}`);
    const rows: Record<string, number> = {};
    for (let made = 0; made < CONNECTIONS; made += CHUNK) {
      const part = await counted(vm, async () => {
        await output(vm, loadScript(CHUNK, (machine * CONNECTIONS + made) / CHUNK));
      });
      const report = await loadReport(vm);
      expect(report).toEqual({ connections: CHUNK, accepted: CHUNK, wrong: 0, named: CHUNK });
      expect(sumOf(part, ['syn_recv_sock_toa', 'syn_recv_sock_no_toa'])).toBe(CHUNK);
      // Everybody who has a client's address was asked for it twice, and nobody else got one.
      expect(part.getname_toa_ok).toBe(2 * (part.syn_recv_sock_toa ?? 0));
      for (const [row, value] of Object.entries(part)) rows[row] = (rows[row] ?? 0) + value;
    }
    expect(rows).not.toHaveProperty('memory');
    expect(rows).not.toHaveProperty('hooks_off');
    for (const row of ['untrusted', 'malformed']) expect(rows[row]).toBeGreaterThan(CONNECTIONS / 100);
    await output(vm, 'rmmod toa');
    await expectNoReport(vm);
  });
});

/** Parameters as a load may have them, and what is written into them while it is in. */
const CHANGES: readonly string[] = [
  'echo 200 >$P/kinds',
  'echo any >$P/trusted',
  'echo >$P/trusted',
  '! echo nonsense >$P/trusted',
  '! echo 8 >$P/kinds',
  'dd if=/tmp/list of=/proc/net/toa_trusted bs=1M',
  '! dd if=/tmp/bad of=/proc/net/toa_trusted bs=1M',
  'cat $P/kinds $P/trusted /proc/net/toa_trusted /proc/net/toa_untrusted /proc/net/toa_stats >/dev/null',
  `echo ${TRUSTED_BY_LOAD} >$P/trusted`,
  'echo 254,253,252,200,28 >$P/kinds',
];

const LISTS =
  '{ i=0; while [ $i -lt 2000 ]; do echo 10.$((i / 128)).$((i % 128 * 2)).0/24; i=$((i + 1)); done; echo any; } >/tmp/list; ' +
  '{ cat /tmp/list; echo nonsense; } >/tmp/bad; echo 10.0.0.0/8 >/tmp/one';

it('parameters change and the module comes and goes under load', async () => {
  const files = await moduleFiles(kernel);
  await inDebugMachine({ name: 'debug-reload', kernel, files }, async (vm) => {
    await output(vm, LISTS);
    await output(vm, `{ ${loadScript(RELOAD_CONNECTIONS, 77)}\ntouch /tmp/loaded; } >/dev/null 2>&1 &`);
    const changes = `P=/sys/module/toa/parameters; ${CHANGES.map((line) => `{ ${line}; } 2>/dev/null`).join(' && ')}`;
    let rounds = 0;
    for (; (await vm.run('[ -e /tmp/loaded ]')).code !== 0; rounds++) {
      await output(vm, `insmod /toa.ko ${rounds % 2 ? 'trusted=any' : `kinds=253,28 trusted=${TRUSTED_BY_LOAD}`}`);
      await output(vm, changes);
      await output(vm, 'rmmod toa');
    }
    const { connections, accepted } = await loadReport(vm);
    expect([connections, accepted]).toEqual([RELOAD_CONNECTIONS, RELOAD_CONNECTIONS]);
    expect(rounds).toBeGreaterThan(20);
    await expectNoReport(vm);
  });
});

it('every allocation of a load, a write and a read fails once', async () => {
  const files = { ...(await moduleFiles(kernel)), '/failing.py': await readFile(FAILING) };
  await inDebugMachine({ name: 'debug-failing', kernel, files }, async (vm) => {
    await output(vm, `${LISTS}; ${FAIL_ALL}`);
    const failing = async (action: string) => JSON.parse(await output(vm, `python3 /failing.py ${action}`));
    const loads = await failing(`load /toa.ko trusted=${TRUSTED_BY_LOAD}`);
    expect(loads).toMatchObject({ last: 'ok', ends: { ENOMEM: expect.any(Number) } });
    expect(loads.failures).toBeGreaterThan(50);
    await output(vm, `insmod /toa.ko trusted=${TRUSTED_BY_LOAD}`);
    for (const action of WRITES) {
      const before = await output(vm, 'cat /proc/net/toa_trusted');
      const writes = await failing(action);
      expect([action, writes]).toMatchObject([action, { last: 'ok', ends: { ENOMEM: expect.any(Number) } }]);
      expect(await output(vm, 'cat /proc/net/toa_trusted')).not.toBe(before);
    }
    for (const name of ['toa_stats', 'toa_trusted', 'toa_untrusted']) await failing(`read /proc/net/${name}`);
    await output(vm, 'rmmod toa');
    await expectNoReport(vm);
  });
});

it('without memory for a mark the scrubber is shown, and counted', async () => {
  await inDebugMachine({ name: 'debug-memory', kernel, files: await moduleFiles(kernel) }, async (vm) => {
    await output(vm, `insmod /toa.ko trusted=${TRUSTED_BY_LOAD}; ${FAIL_IN_MODULE}`);
    const run = `/peer serve -- /peer connect --on ack --count ${FAILING_CONNECTIONS}`;
    let report = { right: 0, wrong: 0 };
    const rows = await counted(vm, async () => {
      report = JSON.parse((await output(vm, run, [1])).split('\n').at(-1) ?? '');
    });
    expect(rows).toMatchObject({
      syn_recv_sock_toa: report.right,
      syn_recv_sock_no_toa: report.wrong,
      memory: report.wrong,
    });
    expect(report.right + report.wrong).toBe(FAILING_CONNECTIONS);
    for (const share of [report.right, report.wrong]) expect(share).toBeGreaterThan(FAILING_CONNECTIONS / 5);
    // Not only the module's: whatever the kernel cannot wait for fails now and then.
    await output(vm, FAIL_EVERYWHERE);
    await output(vm, loadScript(FAILING_CONNECTIONS, 5));
    await output(vm, 'echo 0 >/sys/kernel/debug/failslab/probability; rmmod toa');
    await expectNoReport(vm);
  });
});
