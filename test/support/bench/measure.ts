/** What the module costs: instructions, memory, connections a second; each without it and with it in the same machine. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { buildModule, type Kernel } from '../kernels.ts';
import { runMachine } from './machine.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const MODULE = fileURLToPath(new URL('../../../guest/module/', import.meta.url));

/** The senders of connections.c. */
const SENDERS = '198.51.100.0/24';
const NETWORKS = 10_000;
const LIVE = 20_000;
const RATE_ROUNDS = 12;
const RATE_MS = 600;

/** The machine starts with one CPU. */
const ONLINE = 'for cpu in /sys/devices/system/cpu/cpu[1-9]/online; do [ ! -e "$cpu" ] || echo 1 >"$cpu"; done';

/** Figures of one state of the machine, by the names that cost.c gives them. */
export type Figures = Readonly<Record<string, number>>;

/** The states in which the same was measured. */
export interface Instructions {
  readonly none: Figures;
  readonly module: Figures;
  /** With 10,000 trusted networks. */
  readonly networks: Figures;
  /** After the module was unloaded: how far two measurements of the same differ. */
  readonly after: Figures;
}

/** What connections take while they live. */
export interface Memory {
  readonly connections: number;
  /** Without the option and without the module; kilobytes. */
  readonly none: number;
  /** With both. */
  readonly marked: number;
  /** Text, data and tables of the loaded module; kilobytes. */
  readonly loaded: number;
}

/** Connections a second, by the clock of a busy host. */
export interface Rate {
  readonly cpus: number;
  /** Medians of rounds. */
  readonly none: number;
  readonly module: number;
  /** Median of the ratios of rounds that follow each other. */
  readonly ratio: number;
}

/** The programs that a machine needs. */
export type Programs = Readonly<Record<string, Buffer>>;

/** Builds the module in `source` for `kernel`, and the program that measures. */
export async function buildPrograms(kernel: Kernel, source = MODULE): Promise<Programs> {
  const directory = await mkdtemp(join(tmpdir(), 'toa-bake-bench-'));
  try {
    const { path } = await buildModule(kernel, source, directory);
    const cost = join(directory, 'cost');
    const sources = ['cost.c', 'connections.c', '../peer/wire.c', '../peer/options.c'].map((name) => join(HERE, name));
    await execa('gcc', ['-std=gnu11', '-O2', '-static', '-Wall', '-Wextra', '-Werror', '-o', cost, ...sources]);
    return { '/toa.ko': await readFile(path), '/cost': await readFile(cost), '/networks': Buffer.from(networks()) };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function networks(): string {
  const others = Array.from({ length: NETWORKS - 1 }, (_, i) => `10.${i >> 8}.${i & 255}.0/25\n`);
  return `${others.join('')}${SENDERS}\n`;
}

const LOAD = `insmod /toa.ko trusted=${SENDERS}`;

/** Long enough for what the kernel does after its boot, and for remembered SYNs to be forgotten. It takes no time here. */
const SETTLE = 'sleep 80';

/** Instructions of a connection and of getpeername(). */
export async function countInstructions(kernel: Kernel, programs: Programs): Promise<Instructions> {
  const cost = (state: string) => `echo "state ${state}"; ${SETTLE}; /cost instructions`;
  const script = [
    // The first of them all is not like the others.
    cost('first'),
    cost('none'),
    LOAD,
    cost('module'),
    'dd if=/networks of=/proc/net/toa_trusted bs=1M 2>/dev/null',
    cost('networks'),
    'rmmod toa',
    cost('after'),
  ];
  const states = parseStates(await runMachine(kernel, { kind: 'counted' }, programs, script.join('\n')));
  return {
    none: of(states, 'none'),
    module: of(states, 'module'),
    networks: of(states, 'networks'),
    after: of(states, 'after'),
  };
}

/** Memory of connections that live at the same time. */
export async function measureMemory(kernel: Kernel, programs: Programs): Promise<Memory> {
  // What has been freed is given back after a while, in batches.
  const cost = (state: string, on: string) => `echo "state ${state}"; sleep 30; /cost memory ${LIVE} ${on}`;
  const loaded = 'awk \'$1 == "toa" { print "loaded", int($2 / 1024) }\' /proc/modules';
  // The first fills what the kernel keeps for the next.
  const script = [cost('first', 'none'), cost('none', 'none'), LOAD, cost('marked', 'ack'), loaded].join('\n');
  const states = parseStates(await runMachine(kernel, { kind: 'counted' }, programs, script));
  return {
    connections: LIVE,
    none: figure(states, 'none', 'memory'),
    marked: figure(states, 'marked', 'memory'),
    loaded: figure(states, 'marked', 'loaded'),
  };
}

/** Connections a second by the clock, as many processes as CPUs; without the module and with it in turns. */
export async function measureRate(kernel: Kernel, programs: Programs, cpus: number): Promise<Rate> {
  const rate = (state: string) => `echo "state ${state}"; /cost rate ${cpus} ${RATE_MS}`;
  const rounds = Array.from({ length: RATE_ROUNDS }, (_, i) => i);
  const turns = rounds.flatMap((i) => [rate(`none${i}`), LOAD, rate(`module${i}`), 'rmmod toa']);
  const script = ['/cost rate 1 2000', ONLINE, ...turns].join('\n');
  const states = parseStates(await runMachine(kernel, { kind: 'timed', cpus }, programs, script));
  const none = rounds.map((i) => figure(states, `none${i}`, 'rate'));
  const module = rounds.map((i) => figure(states, `module${i}`, 'rate'));
  // Each against the mean of its neighbours: a host that gets slower or faster meanwhile does not matter.
  const ratios = rounds.slice(1).map((i) => (2 * at(module, i - 1)) / (at(none, i - 1) + at(none, i)));
  return { cpus, none: median(none), module: median(module), ratio: median(ratios) };
}

function median(values: readonly number[]): number {
  return at(
    [...values].sort((a, b) => a - b),
    values.length >> 1,
  );
}

function at(values: readonly number[], i: number): number {
  const value = values[i];
  if (value === undefined) throw new Error(`no value ${i} of ${values.length}`);
  return value;
}

function figure(states: Readonly<Record<string, Figures>>, state: string, name: string): number {
  const value = of(states, state)[name];
  if (value === undefined) throw new Error(`the machine measured no "${name}" in the state "${state}"`);
  return value;
}

function of(states: Readonly<Record<string, Figures>>, name: string): Figures {
  const figures = states[name];
  if (figures === undefined) throw new Error(`the machine measured nothing in the state "${name}"`);
  return figures;
}

/** Lines "name value", below the line "state NAME" that they belong to. */
function parseStates(output: string): Readonly<Record<string, Figures>> {
  const [, ...parts] = output.split(/^state /m);
  return Object.fromEntries(
    parts.map((part) => {
      const [name = '', ...lines] = part.trim().split('\n');
      const figures = lines.map((line) => line.split(' ')).filter(([, value]) => Number.isFinite(Number(value)));
      return [name, Object.fromEntries(figures.map(([key, value]) => [key, Number(value)]))];
    }),
  );
}
