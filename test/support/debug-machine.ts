/** Machines with the debug kernel, and what its checkers have to say at the end. */

import { expect } from 'vitest';
import type { Microvm, MicrovmOptions } from './microvm.ts';
import { inMachine, output } from './module-machine.ts';

/** The checkers take half of it. */
const MEMORY = 1024;

/** It takes up to 20 times as long as a kernel of the distribution, and the tests' machine may be busy. */
const PATIENCE = 30;

/** What a checker of the kernel writes. KASAN and ODEBUG also end the machine (panic_on_warn). */
const REPORT =
  /WARNING|BUG|Oops|KASAN|UBSAN|ODEBUG|INFO: |[Cc]all [Tt]race|general protection|suspicious|possible .*(lock|dead)|kmemleak: (?!.*Kernel memory leak detector initialized)/;

const LEAKS = '/sys/kernel/debug/kmemleak';

/** kmemleak takes nothing for a leak that is younger than 5 s, and a pointer in a register hides one from a single scan. */
const SCAN = `sleep 6; echo scan >${LEAKS}; sleep 6; echo scan >${LEAKS}; cat ${LEAKS}`;

/** Does `work` in a machine with the debug kernel. */
export async function inDebugMachine(
  options: Omit<MicrovmOptions, 'memory' | 'patience'>,
  work: (vm: Microvm) => Promise<void>,
): Promise<void> {
  await inMachine({ ...options, memory: MEMORY, patience: PATIENCE }, async (vm) => {
    await output(vm, 'mount -t debugfs debugfs /sys/kernel/debug');
    await work(vm);
  });
}

/** What the kernel itself says of every allocation that fails: warn_alloc() with the way to it, and kmemleak. No report. */
const SHORTAGE = /(page allocation failure|vmalloc error)[\s\S]*?Mem-Info:|kmemleak: Cannot allocate a scan area.*/g;

/** All that the checkers found: leaks, lines of the log, and lockdep, which falls silent after its first report. */
export async function reports(vm: Microvm): Promise<readonly string[]> {
  const leaks = (await output(vm, SCAN)).split('\n').filter((line) => line !== '');
  const log = (await output(vm, 'dmesg'))
    .replace(SHORTAGE, '')
    .split('\n')
    .filter((line) => REPORT.test(line));
  const lockdep = await output(vm, 'grep debug_locks: /proc/lockdep_stats');
  return [...leaks, ...log, ...(/: +1$/.test(lockdep) ? [] : [`lockdep is off: ${lockdep}`])];
}

/** The checkers have nothing to say, and are still there to say it. */
export async function expectNoReport(vm: Microvm): Promise<void> {
  expect(await reports(vm)).toEqual([]);
}
