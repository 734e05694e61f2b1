/** The eBPF programs on every kernel series that the mirror serves: one object, loaded by each kernel's own verifier, tried with the module's case table. */

import { it } from 'vitest';
import { DROP, OTHER, saysWhyNot, tellsOfOthers, worksOnEveryHost } from '../support/ebpf-hosts.ts';
import { programFiles, tryPrograms } from '../support/ebpf-trial.ts';
import { debianKernel, SERIES } from '../support/kernels.ts';
import { refused } from '../support/module-checks.ts';
import { builtModule, inMachine, leftNoTrace } from '../support/module-machine.ts';

const kernels = await Promise.all(SERIES.map(debianKernel));

it.concurrent.each(kernels.map((kernel) => [kernel.release, kernel] as const))('eBPF on %s', async (_, kernel) => {
  await inMachine({ name: `ebpf-${kernel.release}`, kernel, files: await programFiles(), cx16: true }, tryPrograms);
});

it.concurrent.each(
  [kernels.at(0), kernels.at(-1)].flatMap((kernel) => (kernel ? [[kernel.release, kernel] as const] : [])),
)('hosts of every kind with %s under lockdown, which refuses the module', async (release, kernel) => {
  const files = {
    ...(await programFiles()),
    '/drop.py': DROP,
    '/other.py': OTHER,
    '/toa.ko': await builtModule(kernel, 'guest/module'),
  };
  const options = {
    name: `ebpf-hosts-${release}`,
    kernel,
    files,
    cx16: true,
    append: 'lockdown=confidentiality',
  } as const;
  await inMachine(options, async (vm) => {
    await refused(vm, 'insmod /toa.ko');
    await worksOnEveryHost(vm);
    await tellsOfOthers(vm);
    await saysWhyNot(vm);
    await leftNoTrace(vm);
  });
});
