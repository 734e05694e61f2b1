/** The module on arm64: built by a cross compiler, tried on an emulated processor. */

import { it } from 'vitest';
import { ARM64_SERIES, arm64Kernel, arm64Peer } from '../support/arm64.ts';
import { inMachine } from '../support/module-machine.ts';
import { trialFiles, tryEverything } from '../support/module-trial.ts';

const kernels = [];
for (const series of ARM64_SERIES) kernels.push(await arm64Kernel(series));

it.each(kernels.map((kernel) => [kernel.release, kernel] as const))('module on %s', async (release, kernel) => {
  const files = { ...(await trialFiles(kernel)), '/peer': await arm64Peer(kernel) };
  const options = { name: `arm64-${release}`, kernel, files, memory: 1024, patience: 8 };
  await inMachine(options, tryEverything);
});
