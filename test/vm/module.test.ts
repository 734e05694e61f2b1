/** The real module on every kernel series that the mirror serves: built with the suite's own compiler, loaded, tried case by case, unloaded. */

import { it } from 'vitest';
import { debianKernel, type Kernel, SERIES } from '../support/kernels.ts';
import type { Microvm } from '../support/microvm.ts';
import { ACROSS, GROUPS, IPV4_ONLY, TRUSTED } from '../support/module-cases.ts';
import {
  namesManyAtOnce,
  namesUntrustedSenders,
  needsFtrace,
  refusesNonsense,
  saysWhatItIs,
  yieldsToLivepatch,
} from '../support/module-checks.ts';
import { builtModule, inMachine, leftNoTrace, moduleFiles, output } from '../support/module-machine.ts';
import { casesFile, expectRows, playControl, playGroups } from '../support/module-play.ts';

async function playTable(vm: Microvm) {
  await playControl(vm, GROUPS);
  await output(vm, `insmod /toa.ko trusted=${TRUSTED}`);
  expectRows(await playGroups(vm, GROUPS));
  await output(vm, 'rmmod toa');
  await playGroups(vm, [ACROSS]);
}

async function tryModule(kernel: Kernel) {
  const files = {
    ...(await moduleFiles(kernel)),
    '/holder.ko': await builtModule(kernel, 'test/support/holder'),
    '/cases.json': casesFile([...GROUPS, ACROSS]),
  };
  await inMachine({ name: `module-${kernel.release}`, kernel, files }, async (vm) => {
    await playTable(vm);
    await namesManyAtOnce(vm);
    await namesUntrustedSenders(vm);
    await refusesNonsense(vm);
    await needsFtrace(vm);
    await yieldsToLivepatch(vm);
    await leftNoTrace(vm);
    await saysWhatItIs(vm);
  });
}

/** The kernel has IPv6 but is told not to use it. */
async function tryWithoutIpv6(kernel: Kernel) {
  const files = { ...(await moduleFiles(kernel)), '/cases.json': casesFile([IPV4_ONLY]) };
  await inMachine({ name: 'module-without-ipv6', kernel, files, append: 'ipv6.disable=1' }, async (vm) => {
    await playControl(vm, [IPV4_ONLY]);
    await output(vm, `insmod /toa.ko trusted=${TRUSTED}`);
    expectRows(await playGroups(vm, [IPV4_ONLY]));
    await output(vm, 'rmmod toa');
    await leftNoTrace(vm);
  });
}

const kernels = await Promise.all(SERIES.map(debianKernel));

it.each(kernels.map((kernel) => [kernel.release, kernel] as const))('module on %s', async (_, kernel) => {
  await tryModule(kernel);
});

it.each(kernels.slice(-1).map((kernel) => [kernel.release, kernel] as const))(
  'without IPv6 on %s',
  async (_, kernel) => {
    await tryWithoutIpv6(kernel);
  },
);
