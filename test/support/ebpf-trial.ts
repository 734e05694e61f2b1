/** Everything that is tried with the eBPF programs on one kernel. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Microvm } from './microvm.ts';
import { ACROSS, GROUPS, TRUSTED } from './module-cases.ts';
import { REFUSED, refused } from './module-checks.ts';
import { leftNoTrace, output, peerFiles } from './module-machine.ts';
import { casesFile, expectRows, playControl, playGroups } from './module-play.ts';
import { namesManyAtOnce, namesUntrustedSenders, serve } from './reader-checks.ts';

const read = (path: string) => readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)));

/** What `tryPrograms` needs in the machine: nothing of it is made for one kernel. */
export async function programFiles(groups = [...GROUPS, ACROSS]): Promise<Readonly<Record<string, Buffer>>> {
  return {
    '/usr/local/lib/toa/toa-bpf': await read('guest/bpf/toa-bpf'),
    '/usr/local/lib/toa/toa.bpf': await read('guest/bpf/toa.bpf'),
    '/reader': await read('test/support/readers/ebpf.sh'),
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
  await output(vm, '/reader unload');
  await refused(vm, `echo nonsense | ${BPF} load 254`);
  await leavesNothing(vm);
}

const COUNT = 1200;
const CONNECT = `/peer serve --listen dual -- /peer connect --count ${COUNT} --seed 9 --on both --from 2001:db8:1::/48`;

/** Meanwhile the programs and the list of networks are replaced again and again: every connection shows its client. */
async function replacesUnderLoad(vm: Microvm): Promise<void> {
  await output(vm, `/reader load ${TRUSTED}`);
  const { rounds, report } = await meanwhile(vm, `/reader trust ${TRUSTED},10.0.0.0/8; /reader trust ${TRUSTED}`);
  expect(rounds).toBeGreaterThan(1);
  expect(report).toMatchObject({ right: COUNT, wrong: 0 });
  await output(vm, '/reader unload');
}

/** Meanwhile the programs come and go: every connection is made, and shows its client or the scrubber. */
async function comesAndGoesUnderLoad(vm: Microvm): Promise<void> {
  const { rounds, report } = await meanwhile(vm, `/reader load ${TRUSTED}; /reader unload`);
  expect(rounds).toBeGreaterThan(1);
  expect(report.right).toBeGreaterThan(0);
  expect(report.wrong).toBeGreaterThan(0);
  expect(report.right + report.wrong).toBe(COUNT);
}

async function meanwhile(vm: Microvm, script: string) {
  await output(vm, `rm -f /tmp/done; { ${CONNECT} >/tmp/report 2>&1; touch /tmp/done; } >/dev/null 2>&1 &`);
  let rounds = 0;
  for (; (await vm.run('[ -e /tmp/done ]')).code !== 0; rounds++) await output(vm, `set -e; ${script}`);
  return { rounds, report: await serve(vm, 'cat /tmp/report', [0]) };
}

/** No pin, no program, no map; bpffs stays mounted, as systemd has it mounted anyway. */
async function leavesNothing(vm: Microvm): Promise<void> {
  expect(await output(vm, 'ls /sys/fs/bpf')).not.toContain('toa');
  await refused(vm, `${BPF} check`);
}
