// What the module costs on a kernel, beside the aims.

import { importSupport } from './support.mjs';
import { count, print, verdict } from './table.mjs';

/** What is measured in which state of the machine, by the names of test/support/bench; most: ratio to a machine without the module. */
const COSTS = [
  { what: 'connection over loopback, both ends', state: 'module', name: 'loopback', most: 1.006 },
  { what: '  while another connection has the option', state: 'module', name: 'loopback-beside', most: 1.006 },
  { what: 'connection from outside, server alone', state: 'module', name: 'plain', most: 1.006 },
  { what: '  while another connection has the option', state: 'module', name: 'plain-beside', most: 1.006 },
  { what: '  within 64 s of one with the option on the SYN', state: 'module', name: 'plain-after-syn' },
  { what: '  with the option on the ACK', state: 'module', name: 'ack', most: 1.02 },
  { what: '  with the option on the SYN', state: 'module', name: 'syn', most: 1.02 },
  { what: '  on the ACK, 10,000 trusted networks', state: 'networks', name: 'ack', most: 1.02 },
  { what: 'getpeername', state: 'module', name: 'name', most: 1.05 },
  { what: '  while another connection has the option', state: 'module', name: 'name-beside', most: 1.05 },
  { what: '  of a connection with the option', state: 'module', name: 'name-marked', most: 1.05 },
  { what: 'after unloading: connection over loopback', state: 'after', name: 'loopback' },
  { what: '  from outside', state: 'after', name: 'plain' },
];

const CPUS = [1, 2, 4];

/** The newest kernel of each suite, named as in test/support/kernels.ts: `trixie`, `trixie-backports`. */
export async function benchModule(suites) {
  const support = await importSupport('kernels', 'bench/measure');
  for (const suite of suites) {
    const series = support.SERIES.findLast((row) => nameOf(row) === suite);
    if (!series) throw new Error(`no suite "${suite}": ${support.SERIES.map(nameOf).join(' ')}`);
    await benchKernel(support, await support.debianKernel(series));
  }
}

function nameOf({ suite, backports }) {
  return `${suite}${backports ? '-backports' : ''}`;
}

async function benchKernel(support, kernel) {
  const programs = await support.buildPrograms(kernel);
  const instructions = await support.countInstructions(kernel, programs);
  const memory = await support.measureMemory(kernel, programs);
  const rates = [];
  for (const cpus of CPUS) rates.push(await support.measureRate(kernel, programs, cpus));
  console.log(`\nmodule on Linux ${kernel.release}`);
  print([
    ['instructions', 'at most', 'ratio', '', 'without', 'with'],
    ...COSTS.map((cost) => costRow(cost, instructions)),
  ]);
  print([['memory', ''], ...memoryRows(memory)]);
  print([['connections a second', 'without', 'with', 'ratio'], ...rates.map(rateRow)]);
}

function costRow({ what, state, name, most }, instructions) {
  const [without, measured] = [instructions.none[name], instructions[state][name]];
  const ratio = measured / without;
  const aim = most ? [most.toFixed(3), ratio.toFixed(4), verdict(ratio, most)] : ['', ratio.toFixed(4), ''];
  return [what, ...aim, count(Math.round(without)), count(Math.round(measured))];
}

function memoryRows({ connections, none, marked, loaded }) {
  const each = (kilobytes) => `${Math.round((kilobytes * 1024) / connections)} bytes`;
  return [
    [`each of ${count(connections)} connections without module and option`, each(none)],
    ['  with both', each(marked)],
    ['the module itself', `${count(loaded)} kB`],
  ];
}

function rateRow({ cpus, none, module, ratio }) {
  return [
    `${cpus} virtual CPU${cpus > 1 ? 's' : ''}`,
    count(Math.round(none)),
    count(Math.round(module)),
    ratio.toFixed(3),
  ];
}
