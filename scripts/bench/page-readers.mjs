// The page's part about readers: what no reader, the module and the eBPF programs cost on the same kernel, and what follows.

import { count, plot, table } from './markdown.mjs';

const COSTS = [
  ['connection from outside, without the option', 'plain', ''],
  ['the same while another connection has it', 'plain-beside', ''],
  ['the same within 64 s of one with it on the SYN', 'plain-after-syn', ''],
  ['connection from outside, option on the ACK', 'ack', ''],
  ['the same, 10,000 trusted networks', 'ack', '-many'],
  ['connection from outside, option on the SYN', 'syn', ''],
  ['the same, 10,000 trusted networks', 'syn', '-many'],
  ['connection over loopback, both ends', 'loopback', ''],
  ['getpeername of a connection without the option', 'name', ''],
  ['the same while another connection has it', 'name-beside', ''],
  ['getpeername of a connection with the option', 'name-marked', ''],
  ['after unloading: connection from outside', 'plain', '-after'],
];

export function printReaders(kernels) {
  const [first, ...others] = kernels;
  return `No reader, our module and our eBPF programs (with the JIT compiler), one after another in the same machine: Linux ${first.release}, one virtual
CPU whose clock counts instructions. Connections come through a TUN device and are accepted and closed; the senders are trusted. In
brackets the ratio to no reader.

${costTable(first, COSTS)}

${costPlot(first)}

Memory: what ${count(first.memory.connections)} connections take in the kernel while they live, for each; and what the reader itself takes.

${memoryTable(first.memory)}

Connections a second over loopback, as many processes as CPUs. Counted: a second is as many instructions as it has nanoseconds, and CPUs
take turns, so this repeats.

${rateTable(first.rates)}
${others.map((kernel) => `\nThe same on Linux ${kernel.release}:\n\n${costTable(kernel, COSTS)}\n`).join('')}`.trimEnd();
}

function costTable({ instructions }, costs) {
  const cell = (state, name) => `${count(Math.round(instructions[state][name]))} (${ratio(instructions, state, name)})`;
  const rows = costs.map(([what, name, more]) => [
    what,
    count(Math.round(instructions.none[name])),
    cell(`module${more}`, name),
    cell(`ebpf${more}`, name),
  ]);
  return table(['instructions', 'no reader', 'module', 'eBPF'], rows);
}

const ratio = (instructions, state, name) => (instructions[state][name] / instructions.none[name]).toFixed(4);

function costPlot({ instructions }) {
  const shown = [
    ['without the option', 'plain', ''],
    ['option on the ACK', 'ack', ''],
    ['10,000 networks', 'ack', '-many'],
    ['option on the SYN', 'syn', ''],
    ['loopback', 'loopback', ''],
  ];
  const percent = (reader) =>
    shown.map(([, name, more]) => Number(((ratio(instructions, `${reader}${more}`, name) - 1) * 100).toFixed(2)));
  const title = 'What an accepted connection costs more: eBPF (upper line), module (lower line)';
  return plot({ title, x: shown.map(([words]) => words), y: '% more instructions', least: 0 }, [
    percent('ebpf'),
    percent('module'),
  ]);
}

function memoryTable({ connections, live, loaded }) {
  const each = (state) => `${count(Math.round((live[state] * 1024) / connections))} bytes`;
  return table(
    ['memory', 'no reader', 'module', 'eBPF'],
    [
      ['a connection without the option', each('none'), each('module-plain'), each('ebpf-plain')],
      ['a connection with the option', each('none'), each('module-ack'), each('ebpf-ack')],
      ['the reader, one trusted network', '', `${count(loaded.module)} kB`, `${count(loaded.ebpf)} kB`],
      ['the reader, 10,000 of them', '', `${count(loaded['module-many'])} kB`, `${count(loaded['ebpf-many'])} kB`],
    ],
  );
}

function rateTable({ counted, clock }) {
  const cell = (rate, name) => `${count(Math.round(rate[name]))} (${(rate[name] / rate.none).toFixed(3)})`;
  const rows = counted.map(({ cpus, rate }) => [
    printCpus(cpus),
    count(Math.round(rate.none)),
    cell(rate, 'module'),
    cell(rate, 'ebpf'),
  ]);
  return `${table(['counted', 'no reader', 'module', 'eBPF'], rows)}\n\n${clock.length > 0 ? clockTable(clock) : NO_CLOCK}`;
}

const printCpus = (cpus) => `${cpus} virtual CPU${cpus > 1 ? 's' : ''}`;

const NO_CLOCK = 'By the clock they were not measured in this run: the host was too busy for that to say anything.';

/** What the host's other work does to these is larger than what is looked for; hence the spread. */
function clockTable(clock) {
  const rows = clock.map(({ cpus, ratio }) => [
    printCpus(cpus),
    ...['module', 'ebpf'].map((name) => ratio[name].map((value) => value.toFixed(2)).join(' · ')),
  ]);
  return `By the clock, each round in ratio to those without a reader before and after it; lower quartile, median, upper quartile:

${table(['', 'module', 'eBPF'], rows)}`;
}

/** The figures in the words are those of the tables, so that they change with them; whoever sees them turn must think again. */
export function printDecision({ readers, userData }) {
  const [{ instructions, memory, rates }] = readers.figures;
  const more = (state, name) => `${((ratio(instructions, state, name) - 1) * 100).toFixed(1)} %`;
  const extra = (state) => Math.round(((memory.live[state] - memory.live.none) * 1024) / memory.connections);
  const slower = (name) => `${((1 - rates.counted[0].rate[name] / rates.counted[0].rate.none) * 100).toFixed(1)} %`;
  const bytes = (method) => count(userData.figures[method].bytes);
  return `\`auto\` goes on picking **our module**, and the **eBPF programs where Secure Boot is enforced**, which refuses the module (on Alibaba Cloud
Linux 3, the distribution's own reader). The figures were the question, and they are in the module's favour, though by little:

| | module | eBPF |
|---|---:|---:|
| more instructions a connection without the option | ${more('module', 'plain')} | ${more('ebpf', 'plain')} |
| with the option | ${more('module', 'ack')} | ${more('ebpf', 'ack')} |
| with the option, 10,000 networks | ${more('module-many', 'ack')} | ${more('ebpf-many', 'ack')} |
| more instructions a getpeername | ${more('module', 'name')} | ${more('ebpf', 'name')} |
| fewer connections a second, counted | ${slower('module')} | ${slower('ebpf')} |
| bytes more of memory, a connection with the option | ${extra('module-ack')} | ${extra('ebpf-ack')} |
| user-data, bytes | ${bytes('module')} | ${bytes('ebpf')} |
| compiler, headers, rebuild at kernel updates | needed | none |
| Secure Boot without a signing key | refused | works |
| Python at every boot | no | needed |
| kernels that were booted in our tests | 5.10 to 7.3, arm64 5.10 to 6.12 | 5.10 to 7.3, x86-64 only |

- **Cost does not forbid eBPF.** At ten thousand accepted connections a second its ${count(Math.round(instructions.ebpf.plain - instructions.none.plain))} more instructions for each are less than a hundredth of
  one CPU of 3 GHz, if that does an instruction a cycle. Who values a machine without compiler and headers should write
  \`method: ebpf\` and need not fear the price.
- **What speaks for the module is what it reads.** The programs have no answer for listeners that are older than they are and get a SYN-only
  sender's connection under syncookies, for old listeners of the kernel itself or of MPTCP, and on kernels 7.x for processors without
  cmpxchg16b; a getpeername program that somebody else attaches to the root later has the last word. They name no client on arm64 that a
  test of ours has seen. [guest/bpf/README.md](../guest/bpf/README.md) lists it. The module reads all of these.
- **And how far each was tried.** The module was booted in whole machines, through user-data, kernel updates, power cuts, a kernel with
  KASAN and lockdep, and connections under stress; the programs in small machines with the same table of cases. \`auto\` promises
  what was tried.
- **It is what operators know**: \`lsmod\`, \`modprobe toa\`, \`/proc/net/toa_stats\`.

It should be changed to eBPF first, module where that cannot be had, when: whole machines have been through the same with the programs
(kernel update and reboot, enforced Secure Boot, power cuts), arm64 has been booted with them, and listeners that are older than they
are lose nobody. The price above is not among the reasons.`;
}
