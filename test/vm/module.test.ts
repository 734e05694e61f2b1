/** The real module on every kernel series that the mirror serves: built with the suite's own compiler, loaded, probed, unloaded. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { buildModule, debianKernel, type Kernel, SERIES } from '../support/kernels.ts';
import { bootMicrovm, type Microvm } from '../support/microvm.ts';

const guest = (path: string) => fileURLToPath(new URL(`../../guest/${path}`, import.meta.url));

const TRUSTED = '198.51.100.0/24';
/** What the probe's untrusted source is not in. */
const OTHER = '100.64.0.0/10';
const TRUSTED_V6 = '2001:db8:1::/48';
const PARAMETERS = '/sys/module/toa/parameters';

interface Case {
  readonly name: string;
  readonly source: string;
  readonly accept: string;
  readonly getpeername: string;
  readonly ok: boolean;
}

interface Report {
  readonly result: string;
  readonly reason: string;
  readonly cases: readonly Case[];
}

/** What the probe in the machine says when it takes `trust` for the networks that are believed. */
async function probe(vm: Microvm, trust: string, kinds = '254'): Promise<Report> {
  const command = `echo '${trust}' >/tmp/trusted; python3 /toa-probe --trust /tmp/trusted --kinds ${kinds}`;
  return JSON.parse(await output(vm, command, { '0': 'pass', '1': 'fail', '3': 'unknown' }));
}

/** A script's output; its exit code must be one of `codes`. */
async function output(vm: Microvm, script: string, codes: Readonly<Record<string, string>> = { '0': 'ok' }) {
  const answer = await vm.run(script);
  if (!(answer.code in codes)) throw new Error(`${script}: exit code ${answer.code}\n${answer.output}`);
  return answer.output.trim();
}

/** Nobody sees a client: every server saw where the packets came from, with and without the option. */
function expectScrubberEverywhere({ result, cases }: Report) {
  expect(result).toBe('fail');
  expect(cases.map(({ name }) => name)).toEqual(['control', 'trusted-ipv4', 'trusted-dual', 'untrusted-ipv4']);
  const seen = cases.map(({ accept }) => accept.replace(/^\[::ffff:(.*)\]/, '$1'));
  expect(seen).toEqual(cases.map(({ source }) => source));
  expect(cases.map(({ getpeername }) => getpeername)).toEqual(cases.map(({ accept }) => accept));
}

async function counters(vm: Microvm): Promise<Readonly<Record<string, number>>> {
  const lines = (await output(vm, 'cat /proc/net/toa_stats')).split('\n');
  const rows = lines.map((line) => /^\s*(\w+)\s*:?((?:\s+\d+)+)\s*$/.exec(line)).filter((row) => row !== null);
  const sum = (columns = '') =>
    columns
      .trim()
      .split(/\s+/)
      .reduce((total, column) => total + Number(column), 0);
  return Object.fromEntries(rows.map(([, name, columns]) => [name, sum(columns)]));
}

const load = (vm: Microvm, parameters: string) => output(vm, `insmod /toa.ko ${parameters}`);
const unload = (vm: Microvm) => output(vm, 'rmmod toa');

async function showsTheClient(vm: Microvm) {
  await load(vm, `kinds=254,200,28 trusted=${TRUSTED}`);
  expect(await probe(vm, TRUSTED, '254,200,28')).toMatchObject({ result: 'pass' });
  // Three kinds: a control, an untrusted source, and two connections whose address both accept and getpeername asked for.
  expect(await counters(vm)).toMatchObject({ syn_recv_sock_toa: 6, getname_toa_ok: 12, getname_toa_mismatch: 0 });
  await output(vm, `echo ${TRUSTED_V6} >${PARAMETERS}/trusted`);
  expect(await probe(vm, TRUSTED_V6)).toMatchObject({ result: 'pass' });
  await unload(vm);
}

async function isLoadedButListensForAnotherKind(vm: Microvm) {
  await load(vm, `kinds=253 trusted=${TRUSTED}`);
  expect(await output(vm, 'lsmod')).toMatch(/^toa /m);
  expectScrubberEverywhere(await probe(vm, TRUSTED));
  expect(await probe(vm, TRUSTED, '253')).toMatchObject({ result: 'pass' });
  await output(vm, `echo 254 >${PARAMETERS}/kinds`);
  expect(await probe(vm, TRUSTED)).toMatchObject({ result: 'pass' });
  await unload(vm);
}

async function believesWhomItIsTold(vm: Microvm) {
  await load(vm, '');
  expectScrubberEverywhere(await probe(vm, TRUSTED));
  await output(vm, `echo any >${PARAMETERS}/trusted`);
  expect(await probe(vm, 'any')).toMatchObject({ result: 'pass' });
  await output(vm, `echo ${OTHER} >${PARAMETERS}/trusted`);
  expectScrubberEverywhere(await probe(vm, TRUSTED));
  expect(await probe(vm, OTHER)).toMatchObject({ result: 'pass' });
}

/** More networks than fit into a parameter, in one write; the last of them is believed, and one bad line changes nothing. */
async function takesLongLists(vm: Microvm) {
  const list = `{ i=0; while [ $i -lt 1000 ]; do echo 10.$((i / 256)).$((i % 256)).0/24; i=$((i + 2)); done; echo ${TRUSTED}; }`;
  await output(vm, `${list} >/tmp/list; dd if=/tmp/list of=/proc/net/toa_trusted bs=1M 2>&1`);
  expect(await probe(vm, TRUSTED)).toMatchObject({ result: 'pass' });
  const before = await output(vm, 'cat /proc/net/toa_trusted');
  expect(before.split('\n')).toHaveLength(501);
  const bad = await vm.run(
    '{ cat /tmp/list; echo nonsense; } >/tmp/bad; dd if=/tmp/bad of=/proc/net/toa_trusted bs=1M',
  );
  expect(bad.code).not.toBe(0);
  expect(await output(vm, 'cat /proc/net/toa_trusted')).toBe(before);
}

const REFUSED: readonly (readonly [parameter: string, value: string])[] = [
  ['trusted', 'nonsense'],
  ['trusted', '198.51.100.0/33'],
  ['trusted', '198.51.100.0/-1'],
  ['trusted', '198.51.100.1/24'],
  ['trusted', '2001:db8::/129'],
  ['trusted', `${TRUSTED},nonsense`],
  ['kinds', 'nonsense'],
  ['kinds', ''],
  ['kinds', '8'],
  ['kinds', '254,8'],
  ['kinds', '256'],
  ['kinds', '-254'],
];

async function refusesNonsense(vm: Microvm) {
  await output(vm, `echo 254,200 >${PARAMETERS}/kinds; echo ${OTHER} >${PARAMETERS}/trusted`);
  const values = () => output(vm, `cat ${PARAMETERS}/kinds ${PARAMETERS}/trusted`);
  const before = await values();
  for (const [parameter, value] of REFUSED) {
    const { code } = await vm.run(`echo '${value}' >${PARAMETERS}/${parameter}`);
    expect([parameter, value, code === 0 ? 'taken' : 'refused', await values()]).toEqual([
      ...[parameter, value, 'refused'],
      before,
    ]);
  }
  await unload(vm);
  for (const [parameter, value] of REFUSED.filter(([, text]) => text !== ''))
    expect([parameter, value, (await vm.run(`insmod /toa.ko ${parameter}=${value}`)).code]).not.toContain(0);
  expect(await output(vm, 'lsmod')).not.toMatch(/^toa /m);
}

/** A kernel that warns panics (see microvm.ts); what is left is what it only notes. */
async function leftNoTrace(vm: Microvm) {
  expectScrubberEverywhere(await probe(vm, TRUSTED));
  const log = await output(vm, 'dmesg');
  expect(log).toContain('TOA unloaded');
  expect(log).not.toMatch(/WARNING|BUG|Oops|Call Trace|call trace|general protection|unexpected|leak/);
  // Out of tree and unsigned, nothing else: no warning, no dead task, no forced unload.
  expect(Number(await output(vm, 'cat /proc/sys/kernel/tainted')) & ~(4096 | 8192)).toBe(0);
}

async function tryModule(kernel: Kernel, source: string) {
  const directory = await mkdtemp(join(tmpdir(), 'toa-bake-module-'));
  try {
    const { path, complaints } = await buildModule(kernel, source, directory);
    expect(complaints).toEqual([]);
    const files = { '/toa.ko': await readFile(path), '/toa-probe': await readFile(guest('toa-probe')) };
    const vm = await bootMicrovm({ name: `module-${kernel.release}`, kernel, files });
    try {
      await output(vm, 'modprobe tun');
      expectScrubberEverywhere(await probe(vm, TRUSTED));
      await showsTheClient(vm);
      await isLoadedButListensForAnotherKind(vm);
      await believesWhomItIsTold(vm);
      await takesLongLists(vm);
      await refusesNonsense(vm);
      await leftNoTrace(vm);
    } finally {
      await vm.stop();
    }
    await rm(vm.log);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const kernels = await Promise.all(SERIES.map(debianKernel));

it.each(kernels.map((kernel) => [kernel.release, kernel] as const))('module on %s', async (_, kernel) => {
  await tryModule(kernel, guest('module'));
});
