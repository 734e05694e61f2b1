/** What the readers cost: instructions, memory, connections a second; none and each of them in the same machine. */

import type { Kernel } from '../kernels.ts';
import { runMachine } from './machine.ts';
import { type Programs, READERS } from './readers.ts';
import { at, type Figures, figure, parseStates, quartiles, type States } from './states.ts';

const LIVE = 20_000;
const RATE_ROUNDS = 10;
const RATE_MS = 600;

/** Many times what comes between two figures. */
const SETTLE_SECONDS = 80;

const NAMES = ['module', 'ebpf'] as const;

/** The machine starts with one CPU. */
const ONLINE = 'for cpu in /sys/devices/system/cpu/cpu[1-9]/online; do [ ! -e "$cpu" ] || echo 1 >"$cpu"; done';

/** A state's figures follow its line. The pause is for what the kernel does later, and for remembered SYNs to be forgotten; it takes no time here. */
const measure = (state: string, command: string, pause = SETTLE_SECONDS) =>
  `echo "state ${state}"; sleep ${pause}; ${command}`;

/** Instructions of a connection and of getpeername(), by state: `none`, a reader's name, `NAME-many` with 10,000 networks, `NAME-after` it was unloaded. */
export async function countInstructions(kernel: Kernel, programs: Programs): Promise<States> {
  const cost = (state: string) => measure(state, '/cost instructions');
  const script = [
    'echo "state machine"; echo jit $(cat /proc/sys/net/core/bpf_jit_enable)',
    // The first of them all is not like the others.
    cost('first'),
    cost('none'),
    ...NAMES.flatMap((name) => {
      const { load, trustMany, unload } = READERS[name];
      return [load, cost(name), trustMany, cost(`${name}-many`), unload, cost(`${name}-after`)];
    }),
  ];
  return parseStates(await runMachine(kernel, { kind: 'counted', cpus: 1 }, programs, script.join('\n')));
}

/** Memory of connections that live at the same time, and of the readers. */
export interface Memory {
  readonly connections: number;
  /** Kilobytes of all of them, by state: `none`, `NAME-plain`, `NAME-ack`. */
  readonly live: Figures;
  /** Kilobytes of a loaded reader by its name; `NAME-many`: with 10,000 trusted networks. */
  readonly loaded: Figures;
}

export async function measureMemory(kernel: Kernel, programs: Programs): Promise<Memory> {
  // What has been freed is given back after a while, in batches.
  const cost = (state: string, on: string) => measure(state, `/cost memory ${LIVE} ${on}`);
  const script = [
    // The first fills what the kernel keeps for the next.
    cost('first', 'none'),
    cost('none', 'none'),
    ...NAMES.flatMap((name) => {
      const { load, trustMany, unload, kilobytes } = READERS[name];
      return [
        ...[load, cost(`${name}-plain`, 'none'), kilobytes],
        ...[cost(`${name}-ack`, 'ack'), trustMany, `echo "state ${name}-many"; ${kilobytes}`, unload],
      ];
    }),
  ];
  const states = parseStates(await runMachine(kernel, { kind: 'counted', cpus: 1 }, programs, script.join('\n')));
  const live = ['none', ...NAMES.flatMap((name) => [`${name}-plain`, `${name}-ack`])];
  const loaded = NAMES.flatMap((name) => [
    [name, figure(states, `${name}-plain`, 'kilobytes')] as const,
    [`${name}-many`, figure(states, `${name}-many`, 'kilobytes')] as const,
  ]);
  return {
    connections: LIVE,
    live: Object.fromEntries(live.map((state) => [state, figure(states, state, 'memory')])),
    loaded: Object.fromEntries(loaded),
  };
}

/** Connections a second that as many processes as CPUs make over loopback, by reader; `none`: without. */
export interface Rate {
  readonly cpus: number;
  readonly rate: Figures;
}

/** The same in every run: a second is as many instructions of the machine as it has nanoseconds, whichever CPU they are of. */
export async function countRate(kernel: Kernel, programs: Programs, cpus: number): Promise<Rate> {
  const rate = (state: string) => measure(state, `/cost rate ${cpus} ${RATE_MS}`, 5);
  const script = [
    ...[ONLINE, rate('first'), rate('none')],
    ...NAMES.flatMap((name) => [READERS[name].load, rate(name), READERS[name].unload]),
  ];
  const states = parseStates(await runMachine(kernel, { kind: 'counted', cpus }, programs, script.join('\n')));
  return { cpus, rate: Object.fromEntries(['none', ...NAMES].map((name) => [name, figure(states, name, 'rate')])) };
}

/** Rates by the clock of a busy host, each in ratio to the mean of the rounds without a reader just before and after. */
export interface RateRatio {
  readonly cpus: number;
  /** Of all rounds, by reader: lower quartile, median, upper quartile. */
  readonly ratio: Readonly<Record<string, readonly [low: number, middle: number, high: number]>>;
}

export async function measureRate(kernel: Kernel, programs: Programs, cpus: number): Promise<RateRatio> {
  const rate = (state: string) => `echo "state ${state}"; /cost rate ${cpus} ${RATE_MS}`;
  const rounds = Array.from({ length: RATE_ROUNDS }, (_, i) => i);
  const turns = rounds.flatMap((i) =>
    NAMES.flatMap((name) => {
      const { load, unload } = READERS[name];
      return [rate(`none-before-${name}${i}`), load, rate(`${name}${i}`), unload];
    }),
  );
  const script = ['/cost rate 1 2000', ONLINE, ...turns, rate('none-last')].join('\n');
  const states = parseStates(await runMachine(kernel, { kind: 'timed', cpus }, programs, script));
  const names = Object.keys(states);
  const values = names.map((state) => figure(states, state, 'rate'));
  const of = (name: string) => names.flatMap((state, i) => (state.startsWith(name) ? [i] : []));
  const toNeighbours = (i: number) => (2 * at(values, i)) / (at(values, i - 1) + at(values, i + 1));
  return { cpus, ratio: Object.fromEntries(NAMES.map((name) => [name, quartiles(of(name).map(toNeighbours))])) };
}
