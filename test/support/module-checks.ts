/** What the module must do besides naming clients: parameters, refusals, and what it says of itself. */

import { expect } from 'vitest';
import type { Microvm } from './microvm.ts';
import { TRUSTED } from './module-cases.ts';
import { output } from './module-machine.ts';

const PARAMETERS = '/sys/module/toa/parameters';

/** Values that mean nothing. */
export const REFUSED: readonly (readonly [parameter: string, value: string])[] = [
  ['trusted', 'nonsense'],
  ['trusted', '198.51.100.0/33'],
  ['trusted', '198.51.100.0/-1'],
  ['trusted', '198.51.100.1/24'],
  ['trusted', '2001:db8::/129'],
  ['trusted', '::/0'],
  ['trusted', '198.51.100.0x/24'],
  ['trusted', '198.51.100.0-198.51.100.9'],
  ['trusted', '198.51.100.0:80'],
  ['trusted', '2001:db8::x/32'],
  ['trusted', `${TRUSTED},nonsense`],
  ['kinds', 'nonsense'],
  ['kinds', ''],
  ['kinds', '8'],
  ['kinds', '254,8'],
  ['kinds', '256'],
  ['kinds', '200-254'],
  ['kinds', '-254'],
];

/** Bad values change nothing, and a load with one of them fails. */
export async function refusesNonsense(vm: Microvm): Promise<void> {
  await output(vm, `insmod /toa.ko kinds=254,200 trusted=${TRUSTED}`);
  const values = () => output(vm, `cat ${PARAMETERS}/kinds ${PARAMETERS}/trusted /proc/net/toa_trusted`);
  const before = await values();
  expect(before).toBe(`254,200\n${TRUSTED}\n${TRUSTED.replace(',', '\n')}`);
  for (const [parameter, value] of REFUSED) await refused(vm, `echo '${value}' >${PARAMETERS}/${parameter}`);
  await refused(
    vm,
    '{ cat /proc/net/toa_trusted; echo nonsense; } >/tmp/bad; dd if=/tmp/bad of=/proc/net/toa_trusted bs=1M',
  );
  expect(await values()).toBe(before);
  await output(vm, 'rmmod toa');
  for (const [parameter, value] of REFUSED.filter(([, text]) => text !== ''))
    await refused(vm, `insmod /toa.ko ${parameter}=${value}`);
  expect(await output(vm, 'lsmod')).not.toMatch(/^toa /m);
}

/** Runs a script that must fail. */
export async function refused(vm: Microvm, script: string): Promise<void> {
  const { code } = await vm.run(script);
  expect([script, code === 0 ? 'taken' : 'refused']).toEqual([script, 'refused']);
}

/** Lines that operators look for. */
export async function saysWhatItIs(vm: Microvm): Promise<void> {
  await output(vm, `dmesg -c; insmod /toa.ko kinds=254,28 trusted=${TRUSTED}; rmmod toa`);
  const lines = (await output(vm, 'dmesg')).split('\n').map((line) => line.replace(/^\[.*?\] /, ''));
  expect(lines[0]).toMatch(/^toa: TOA \d+\.\d+\.\d+ loaded, 2 trusted networks, kinds 254,28$/);
  expect(lines[1]).toBe('toa: TOA unloaded');
}

/** Who is not believed can be read, by root alone. */
export async function hidesFromUsers(vm: Microvm): Promise<void> {
  await output(vm, 'insmod /toa.ko');
  expect(await output(vm, 'stat -c %a /proc/net/toa_untrusted /proc/net/toa_trusted /proc/net/toa_stats')).toBe(
    '400\n600\n444',
  );
  await output(vm, 'rmmod toa');
}

const FTRACE = '/proc/sys/kernel/ftrace_enabled';

/** Without ftrace it does not load; once it is loaded ftrace stays on. Kernels from 7.3 on never switch it off. */
export async function needsFtrace(vm: Microvm): Promise<void> {
  if (/Operation not supported/.test((await vm.run(`echo 0 >${FTRACE}`)).output)) return;
  await refusesToLoad(vm, `echo 0 >${FTRACE}`, /ftrace_enabled is 0/);
  await output(vm, `echo 1 >${FTRACE}; insmod /toa.ko`);
  await refused(vm, `echo 0 >${FTRACE}`);
  expect(await output(vm, `cat ${FTRACE}; grep hooks_off /proc/net/toa_stats`)).toMatch(/^1\nhooks_off\s*:(\s+0)+$/);
  await output(vm, 'rmmod toa');
}

/** A livepatch of the same function, as test/support/holder plays it, and no connection is named half. */
export async function yieldsToLivepatch(vm: Microvm): Promise<void> {
  await refusesToLoad(vm, 'insmod /holder.ko', /cannot hook inet6?_getname.*livepatch/);
  await output(vm, 'rmmod holder; insmod /toa.ko; rmmod toa');
}

async function refusesToLoad(vm: Microvm, script: string, reason: RegExp): Promise<void> {
  await output(vm, `dmesg -c >/dev/null; ${script}`);
  await refused(vm, 'insmod /toa.ko');
  expect(await output(vm, 'lsmod')).not.toMatch(/^toa /m);
  expect(await output(vm, 'dmesg')).toMatch(reason);
}
