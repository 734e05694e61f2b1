/** Everything that is tried with the eBPF programs on one kernel. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Microvm } from './microvm.ts';
import { ACROSS, GROUPS, TRUSTED } from './module-cases.ts';
import { REFUSED, refused } from './module-checks.ts';
import { leftNoTrace, output, peerFiles } from './module-machine.ts';
import { casesFile, expectRows, playControl, playGroups } from './module-play.ts';
import { namesManyAtOnce, namesUntrustedSenders } from './reader-checks.ts';

const read = (path: string) => readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)));

/** What `tryPrograms` needs in the machine: nothing of it is made for one kernel. */
export async function programFiles(groups = [...GROUPS, ACROSS]): Promise<Readonly<Record<string, Buffer>>> {
  return {
    '/usr/local/lib/toa/toa-bpf': await read('guest/bpf/toa-bpf'),
    '/attached.py': ATTACHED_PY,
    '/toa_bpf.py': await read('guest/bpf/toa-bpf'),
    '/usr/local/lib/toa/toa.bpf': await read('guest/bpf/toa.bpf'),
    '/reader': await read('test/support/readers/ebpf.sh'),
    '/living.py': await read('test/support/microvm/living.py'),
    '/cases.json': casesFile(groups),
    ...(await peerFiles()),
  };
}

/** The control, the module's case table, and what else the programs must do; the machine is as before at the end. */
export async function tryPrograms(vm: Microvm): Promise<void> {
  await playControl(vm, GROUPS);
  await output(vm, `/reader load ${TRUSTED}`);
  expectRows(await playGroups(vm, GROUPS), 'ebpf');
  await output(vm, '/reader unload');
  await playGroups(vm, [ACROSS]);
  await namesManyAtOnce(vm);
  await namesUntrustedSenders(vm);
  await refusesNonsense(vm);
  await keepsTheLiving(vm);
  await replacesUnderLoad(vm);
  await comesAndGoesUnderLoad(vm);
  await leavesNothing(vm);
  await leftNoTrace(vm);
}

const BPF = 'python3 /usr/local/lib/toa/toa-bpf';

/** Bad values change nothing, and a load with one of them fails. */
async function refusesNonsense(vm: Microvm): Promise<void> {
  const values = () => output(vm, `${BPF} kinds; ${BPF} trusted`);
  await output(vm, `/reader load ${TRUSTED}; /reader kinds 254,200`);
  const before = await values();
  expect(before).toBe(`254,200\n${TRUSTED.replace(',', '\n')}`);
  for (const [parameter, value] of REFUSED) {
    const list = parameter === 'trusted' ? value : TRUSTED;
    await refused(vm, `echo '${list}' | ${BPF} load '${parameter === 'kinds' ? value : '254'}'`);
  }
  expect(await values()).toBe(before);
  expect(await output(vm, ATTACHED)).toBe('[1, 1, 1]');
  await output(vm, '/reader unload');
  await refused(vm, `echo nonsense | ${BPF} load 254`);
  await leavesNothing(vm);
}

/** A replaced program goes on naming who was marked before; an old listener is as it was when all is gone. */
async function keepsTheLiving(vm: Microvm): Promise<void> {
  const lines = (await output(vm, 'python3 /living.py')).split('\n').map((line) => JSON.parse(line));
  const client = '198.18.7.9 4321';
  const ours = [client, client, client, 1, 1, 0];
  expect(lines).toEqual([ours, ours, ['203.0.113.5 2001', '203.0.113.5 2002', '203.0.113.5 2003', 0, 1, 0]]);
}

const COUNT = 300;
const ROUNDS = 3;
const CONNECT = `/peer serve --listen dual -- /peer connect --count ${COUNT} --seed 9 --on both --from 2001:db8:1::/48`;

/** Meanwhile the programs and the list of networks are replaced again and again: every connection shows its client. */
async function replacesUnderLoad(vm: Microvm): Promise<void> {
  await output(vm, `/reader load ${TRUSTED}`);
  const { right, wrong, made } = await meanwhile(vm, `/reader trust ${TRUSTED},10.0.0.0/8; /reader trust ${TRUSTED}`);
  expect([right, wrong]).toEqual([made, 0]);
  await output(vm, '/reader unload');
}

/** Meanwhile the programs come and go: every connection is made, and shows its client or the scrubber. */
async function comesAndGoesUnderLoad(vm: Microvm): Promise<void> {
  const { right, wrong, made } = await meanwhile(vm, `/reader load ${TRUSTED}; sleep 0.5; /reader unload; sleep 0.5`);
  expect(right).toBeGreaterThan(0);
  expect(wrong).toBeGreaterThan(0);
  expect(right + wrong).toBe(made);
}

/** Runs the script several times while peers connect without a pause; gives what their servers saw. */
async function meanwhile(vm: Microvm, script: string) {
  const loop = `while [ ! -e /tmp/stop ]; do ${CONNECT} >/tmp/last 2>&1; tail -n 1 /tmp/last >>/tmp/reports; done; touch /tmp/stopped`;
  await output(
    vm,
    `rm -f /tmp/stop* /tmp/reports; { ${loop}; } >/dev/null 2>&1 & until [ -s /tmp/reports ]; do sleep 0.2; done`,
  );
  for (let round = 0; round < ROUNDS; round++) await output(vm, `set -e; ${script}`);
  await output(vm, 'touch /tmp/stop; until [ -e /tmp/stopped ]; do sleep 0.2; done');
  const reports = (await output(vm, 'cat /tmp/reports')).split('\n').map((line) => JSON.parse(line));
  const sum = (key: 'right' | 'wrong'): number => reports.reduce((total, report) => total + report[key], 0);
  return { right: sum('right'), wrong: sum('wrong'), made: reports.length * COUNT };
}

const ATTACHED = 'python3 /attached.py';

/** How many programs of each of our kinds are attached to the root; a file, since Python 3.13 needs more of its library for -c. */
const ATTACHED_PY = Buffer.from(
  'import toa_bpf\nroot = toa_bpf.root_cgroup()\nprint([len(toa_bpf.attached(root, kind)) for kind in (3, 29, 30)])\n',
);

/** No pin and no program; bpffs stays mounted, as systemd has it mounted anyway. */
async function leavesNothing(vm: Microvm): Promise<void> {
  expect(await output(vm, ATTACHED)).toBe('[0, 0, 0]');
  expect(await output(vm, 'ls /sys/fs/bpf')).not.toContain('toa');
  await refused(vm, `${BPF} check`);
}
