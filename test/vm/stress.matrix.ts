/**
 * Never wrong under interruption: on every kernel, with 2 and with 4 CPUs that really run at once, tasks loop over accept and getpeername
 * while receive steering sends the packets' soft interrupts to all CPUs. Each connection says whom the server has to see, another
 * client each, and both the plain and the MPTCP listener serve IPv4 and IPv6.
 */

import { expect, it } from 'vitest';
import { debianKernel, type Kernel, SERIES } from '../support/kernels.ts';
import type { Microvm } from '../support/microvm.ts';
import { counted, inMachine, leftNoTrace, moduleFiles, output } from '../support/module-machine.ts';

const CPUS: readonly number[] = [2, 4];
/** Connections in one script of the machine: far below the time that an answer may take. */
const BATCH = 4_000;
/** With each number of CPUs; 104,000 connections on each kernel. */
const BATCHES = 13;
/** Tasks that only ask for names, of connections that stay. */
const HELD = 2;

type Run = readonly [listener: string, options: string];

const RUNS: readonly [Run, ...Run[]] = [
  ['ipv4', '--on both'],
  ['dual', '--on ack --from 2001:db8:1::/48'],
  ['mptcp-ipv4', '--on ack'],
  ['mptcp-dual', '--on syn --from 2001:db8:1::/48'],
];

interface Size {
  readonly count: number;
  readonly seed: number;
}

interface Report {
  readonly accepted: number;
  readonly right: number;
  readonly wrong: number;
  readonly named: number;
  readonly firstWrong: string;
}

const mask = (cpus: number) => (2 ** cpus - 1).toString(16);

/** The device exists only while the peer runs, so its queue is steered to all CPUs as soon as it is there. */
const steer = (cpus: number) =>
  `until echo ${mask(cpus)} >/sys/class/net/tun0/queues/rx-0/rps_cpus; do :; done 2>/dev/null`;

async function run(vm: Microvm, cpus: number, [listener, options]: Run, { count, seed }: Size): Promise<Report> {
  const server = `/peer serve --listen ${listener} --threads 4 --hold ${HELD}`;
  const client = `/peer connect --count ${count} --hold ${HELD} --in-flight 64 --reset --seed ${seed} ${options}`;
  const lines = await output(vm, `(${steer(cpus)}) & ${server} -- ${client}; code=$?; wait; exit $code`, [0, 1]);
  return JSON.parse(lines.split('\n').at(-1) ?? '');
}

/** Packets that one CPU handed to another. */
async function steered(vm: Microvm): Promise<number> {
  const lines = (await output(vm, 'cat /proc/net/softnet_stat')).split('\n');
  return lines.reduce((sum, line) => sum + Number.parseInt(line.split(' ')[9] ?? '', 16), 0);
}

/** The runs for which this kernel has sockets. */
async function possibleRuns(vm: Microvm): Promise<readonly Run[]> {
  const answers: (readonly [Run, string])[] = [];
  for (const one of RUNS) answers.push([one, (await vm.run(`/peer serve --listen ${one[0]} -- true`)).output]);
  return answers.filter(([, text]) => !text.includes('Protocol not supported')).map(([one]) => one);
}

async function control(vm: Microvm, cpus: number, runs: readonly Run[]) {
  for (const one of runs) {
    const { right, wrong } = await run(vm, cpus, one, { count: 200, seed: 1 });
    expect([one, right, wrong]).toEqual([one, 0, 200]);
  }
}

async function interrupt(vm: Microvm, cpus: number, runs: readonly Run[]): Promise<number> {
  let named = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const one = runs[batch % runs.length] ?? RUNS[0];
    const report = await run(vm, cpus, one, { count: BATCH, seed: batch + 2 });
    expect([one, report]).toMatchObject([one, { accepted: BATCH, right: BATCH, wrong: 0, firstWrong: '' }]);
    named += report.named;
  }
  return named;
}

/**
 * QEMU with CPUs in threads is unsafe only while the kernel changes its own code, which it does where something is used for the
 * first time or hooked. So there is one CPU until all has been used once and the module is loaded, and steering of the loopback
 * device keeps steering switched on when the peer's device goes.
 */
async function stress(kernel: Kernel, cpus: number) {
  const machine = { name: `stress-${kernel.release}-${cpus}`, kernel, files: await moduleFiles(kernel), cpus };
  await inMachine({ ...machine, parallel: true, append: 'maxcpus=1' }, async (vm) => {
    await output(vm, `echo ${mask(cpus)} >/sys/class/net/lo/queues/rx-0/rps_cpus`);
    const runs = await possibleRuns(vm);
    await control(vm, cpus, runs);
    await output(vm, 'insmod /toa.ko trusted=203.0.113.0/24,2001:db8:1::/48');
    await output(vm, 'for cpu in /sys/devices/system/cpu/cpu[1-9]/online; do echo 1 >$cpu; done');
    expect(await output(vm, 'nproc')).toBe(`${cpus}`);
    const before = await steered(vm);
    let named = 0;
    const rows = await counted(vm, async () => {
      named = await interrupt(vm, cpus, runs);
    });
    const connections = BATCHES * BATCH;
    expect(rows).toMatchObject({ syn_recv_sock_toa: connections, getname_toa_ok: connections + named });
    expect(Object.keys(rows)).not.toContain('syn_recv_sock_no_toa');
    expect((await steered(vm)) - before).toBeGreaterThan(connections / 100);
    await leftNoTrace(vm);
  });
}

const kernels = await Promise.all(SERIES.map(debianKernel));

it.each(kernels.flatMap((kernel) => CPUS.map((cpus) => [kernel.release, cpus, kernel] as const)))(
  'never wrong on %s with %d CPUs',
  async (_, cpus, kernel) => {
    await stress(kernel, cpus);
  },
);
