/** The eBPF programs on every kernel series that the mirror serves: one object, loaded by each kernel's own verifier, tried with the module's case table. */

import { it } from 'vitest';
import { programFiles, tryPrograms } from '../support/ebpf-trial.ts';
import { debianKernel, SERIES } from '../support/kernels.ts';
import { inMachine } from '../support/module-machine.ts';

const kernels = await Promise.all(SERIES.map(debianKernel));

it.concurrent.each(kernels.map((kernel) => [kernel.release, kernel] as const))('eBPF on %s', async (_, kernel) => {
  await inMachine({ name: `ebpf-${kernel.release}`, kernel, files: await programFiles() }, tryPrograms);
});
