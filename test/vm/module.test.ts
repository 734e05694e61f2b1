/** The real module on every kernel series that the mirror serves: built with the suite's own compiler, loaded, tried case by case, unloaded. */

import { it } from 'vitest';
import { debianKernel, type Kernel, SERIES } from '../support/kernels.ts';
import { IPV4_ONLY, TRUSTED } from '../support/module-cases.ts';
import { inMachine, leftNoTrace, moduleFiles, output } from '../support/module-machine.ts';
import { casesFile, expectRows, playControl, playGroups } from '../support/module-play.ts';
import { trialFiles, tryEverything } from '../support/module-trial.ts';

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

it.concurrent.each(kernels.map((kernel) => [kernel.release, kernel] as const))('module on %s', async (_, kernel) => {
  const files = await trialFiles(kernel);
  await inMachine({ name: `module-${kernel.release}`, kernel, files }, tryEverything);
});

it.concurrent.each(kernels.slice(-1).map((kernel) => [kernel.release, kernel] as const))(
  'without IPv6 on %s',
  async (_, kernel) => {
    await tryWithoutIpv6(kernel);
  },
);
