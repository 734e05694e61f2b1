// What no reader, our module and our eBPF programs cost in one machine, with several kernels.

import { importSupport } from './support.mjs';

const CPUS = [1, 2, 4];

/** `suites` as in test/support/kernels.ts: `trixie`, `trixie-backports`; instructions on each, memory and rates on the first. */
export async function measureReaders(suites) {
  const support = await importSupport('kernels', 'bench/readers', 'bench/measure');
  const kernels = [];
  for (const suite of suites) {
    const kernel = await support.debianKernel(seriesOf(support, suite));
    const programs = await support.buildPrograms(kernel);
    const instructions = await support.countInstructions(kernel, programs);
    const more = kernels.length === 0 ? await measureMore(support, kernel, programs) : {};
    kernels.push({ release: kernel.release, instructions, ...more });
  }
  return kernels;
}

async function measureMore(support, kernel, programs) {
  const memory = await support.measureMemory(kernel, programs);
  const counted = [];
  const clock = [];
  for (const cpus of CPUS) {
    counted.push(await support.countRate(kernel, programs, cpus));
    clock.push(await support.measureRate(kernel, programs, cpus));
  }
  return { memory, rates: { counted, clock } };
}

function seriesOf({ SERIES }, suite) {
  const nameOf = (row) => `${row.suite}${row.backports ? '-backports' : ''}`;
  const series = SERIES.findLast((row) => nameOf(row) === suite);
  if (!series) throw new Error(`no suite "${suite}": ${SERIES.map(nameOf).join(' ')}`);
  return series;
}
