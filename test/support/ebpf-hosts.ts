/** The eBPF programs on hosts that differ: cgroup hierarchies, lockdown, somebody else's programs, missing rights. */

import { expect } from 'vitest';
import type { Microvm } from './microvm.ts';
import { refused } from './module-checks.ts';
import { output } from './module-machine.ts';

const BPF = 'python3 /usr/local/lib/toa/toa-bpf';
const PROBE = 'echo 203.0.113.0/24 >/tmp/probe; python3 /toa-probe --trust /tmp/probe';

/** How the probe is run on a host, and what undoes that. */
const HOSTS: readonly (readonly [name: string, before: string, probe: string, after: string])[] = [
  ['no cgroup file system at all', ':', PROBE, ':'],
  [
    'cgroup v2, in a group of its own',
    'mkdir -p /tmp/cg && mount -t cgroup2 cg /tmp/cg && mkdir /tmp/cg/own',
    `sh -c 'echo $$ >/tmp/cg/own/cgroup.procs && ${PROBE}'`,
    'rmdir /tmp/cg/own; umount /tmp/cg',
  ],
  [
    'cgroup v1, with a class that older kernels keep where the v2 group would be',
    'mkdir -p /tmp/cg && mount -t cgroup -o net_cls cg /tmp/cg && mkdir /tmp/cg/own && echo 7 >/tmp/cg/own/net_cls.classid',
    `sh -c 'echo $$ >/tmp/cg/own/cgroup.procs && ${PROBE}'`,
    'rmdir /tmp/cg/own; umount /tmp/cg',
  ],
];

/** On each kind of host the probe fails without the programs, and passes with them. */
export async function worksOnEveryHost(vm: Microvm): Promise<void> {
  for (const [name, before, probe, after] of HOSTS) {
    await output(vm, before);
    expect([name, (await vm.run(probe)).code]).toEqual([name, 1]);
    await output(vm, '/reader load 203.0.113.0/24');
    expect([name, (await vm.run(probe)).code]).toEqual([name, 0]);
    await output(vm, `/reader unload; ${after}`);
  }
}

/** A program of somebody else, which does nothing: `other.py ATTACH` holds it until it is ended. */
export const OTHER = Buffer.from(`
import os, sys, time, toa_bpf
code = [['b700000001000000'], ['9500000000000000']]
program = toa_bpf.load_program('other', 18, int(sys.argv[1]), code, {})
link = toa_bpf.attach_link(program, toa_bpf.root_cgroup(), int(sys.argv[1]))
open('/tmp/other', 'w').write(str(os.getpid()))
open('/tmp/held', 'w').close()
time.sleep(3600)
`);

const HELD =
  'rm -f /tmp/held; { python3 /other.py 29 >/tmp/log 2>&1 || touch /tmp/held; } & until [ -e /tmp/held ]; do sleep 0.2; done; ' +
  'kill -0 $(cat /tmp/other) || { cat /tmp/log; false; }';

/** Who else names peers is said, and in which order. */
export async function tellsOfOthers(vm: Microvm): Promise<void> {
  await output(vm, HELD);
  await output(vm, '/reader load 203.0.113.0/24');
  expect(await output(vm, `${BPF} check 2>&1`)).toMatch(
    /toa_name4: program \d+ \(other\) at the root cgroup runs before/,
  );
  expect((await vm.run(PROBE)).code).toBe(0);
  await output(vm, '/reader unload; kill $(cat /tmp/other)');
  await output(vm, `/reader load 203.0.113.0/24; ${HELD}`);
  expect(await output(vm, `${BPF} check 2>&1`)).toMatch(
    /toa_name4: program \d+ \(other\) at the root cgroup runs after/,
  );
  await output(vm, 'kill $(cat /tmp/other); while kill -0 $(cat /tmp/other) 2>/dev/null; do sleep 0.2; done');
  expect(await output(vm, `${BPF} check 2>&1`)).toBe('');
  await output(vm, '/reader unload');
}

/** Runs a command as nobody, who never gets CAP_NET_ADMIN, CAP_SYS_ADMIN and CAP_BPF again. */
export const DROP = Buffer.from(`
import ctypes, os, sys
[ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) for capability in (12, 21, 39)]
os.setresuid(65534, 65534, 65534)
os.execvp(sys.argv[1], sys.argv[1:])
`);

/** What is missing is named: rights (as in a container), pins. */
export async function saysWhyNot(vm: Microvm): Promise<void> {
  const unable = `echo any | python3 /drop.py ${BPF} load 254`;
  const answer = await vm.run(unable);
  expect([answer.code !== 0, answer.output]).toEqual([
    true,
    expect.stringMatching(/CAP_BPF|not permitted|Permission denied/),
  ]);
  await output(vm, '/reader load any; rm /sys/fs/bpf/toa/toa_name6');
  await refused(vm, `${BPF} check`);
  expect((await vm.run(`${BPF} check`)).output).toContain('not pinned below /sys/fs/bpf/toa: toa_name6');
  await output(vm, `/reader trust any; ${BPF} check; /reader unload`);
}
