/** Everything that is tried with the module on one kernel. */

import type { Kernel } from './kernels.ts';
import type { Microvm } from './microvm.ts';
import { ACROSS, GROUPS, TRUSTED } from './module-cases.ts';
import { hidesFromUsers, needsFtrace, refusesNonsense, saysWhatItIs, yieldsToLivepatch } from './module-checks.ts';
import { builtModule, leftNoTrace, moduleFiles, output } from './module-machine.ts';
import { casesFile, expectRows, playControl, playGroups } from './module-play.ts';
import { namesManyAtOnce, namesUntrustedSenders } from './reader-checks.ts';

/** What `tryEverything` needs in the machine. */
export async function trialFiles(kernel: Kernel): Promise<Readonly<Record<string, Buffer>>> {
  return {
    ...(await moduleFiles(kernel)),
    '/holder.ko': await builtModule(kernel, 'test/support/holder'),
    '/cases.json': casesFile([...GROUPS, ACROSS]),
  };
}

/** The control, the case table, and what else the module must do; the machine is as before at the end. */
export async function tryEverything(vm: Microvm): Promise<void> {
  await playControl(vm, GROUPS);
  await output(vm, `insmod /toa.ko trusted=${TRUSTED}`);
  expectRows(await playGroups(vm, GROUPS));
  await output(vm, 'rmmod toa');
  await playGroups(vm, [ACROSS]);
  await namesManyAtOnce(vm);
  await namesUntrustedSenders(vm);
  await hidesFromUsers(vm);
  await refusesNonsense(vm);
  await needsFtrace(vm);
  await yieldsToLivepatch(vm);
  await leftNoTrace(vm);
  await saysWhatItIs(vm);
}
