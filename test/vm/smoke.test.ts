/** The main job on a real machine: rendered user-data, a real cloud-init, a module built at first boot, real connections. */

import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { inRepo, userDataOf } from '../support/cli.ts';
import { BUILD_PACKAGES, type Disk, debianDisk } from '../support/disk.ts';
import { bootMachine, type Machine, type MachineOptions } from '../support/machine.ts';

const SCRUBBER = '198.51.100.7';
const STRANGER = '192.0.2.50';
const CLIENT = '203.0.113.99';
const SPEC = `version: 1
trust: [198.51.100.0/24]
clouds: [alibaba-ecs]
targets: [debian-12]
`;
const PROBE = readFileSync(inRepo('guest/toa-probe'));
const TALK = readFileSync(inRepo('test/support/talk.py'));
const REQUEST = readFileSync(inRepo('test/support/request.py'));

interface Probe {
  readonly result: string;
  readonly cases: readonly { name: string; source: string; accept: string; getpeername: string; ok: boolean }[];
}

interface Receipt {
  readonly result: string;
  readonly step: string;
  readonly code: number;
  readonly reason: string;
  readonly payload: string;
  readonly kernels: readonly { release: string; module: string; sha256: string }[];
  readonly verify: Probe | null;
}

let full: Disk;
let bare: Disk;
let userData: string;

beforeAll(async () => {
  full = await debianDisk({ suite: 'bookworm', packages: BUILD_PACKAGES });
  bare = await debianDisk({ suite: 'bookworm', packages: [] });
  userData = await userDataOf(SPEC, 'debian-12');
});

async function boot(
  { onTestFinished }: TestContext,
  options: Pick<MachineOptions, 'name' | 'disk' | 'dataSource' | 'network'>,
  given: string | Uint8Array = userData,
): Promise<Machine> {
  const vm = await bootMachine({ ...options, smp: 1, ...(options.dataSource === 'none' ? {} : { userData: given }) });
  onTestFinished(() => vm.discard());
  return vm;
}

const until = (unit: string) => `until systemctl is-active -q ${unit}; do sleep 0.5; done`;

/** The probe of this checkout, whatever the machine has installed. */
async function probe(vm: Machine): Promise<Probe> {
  // The agent answers early, when /tmp is still to be cleared.
  await vm.run(`${until('systemd-tmpfiles-setup.service')}; cat >/tmp/toa-probe`, { input: PROBE });
  const said = await vm.run('echo 198.51.100.0/24 >/tmp/trusted; python3 /tmp/toa-probe --trust /tmp/trusted');
  expect(said.stdout, said.stderr).not.toBe('');
  return JSON.parse(said.stdout);
}

/** What nginx writes into its log for a request that `from` sent, with the client in the option. */
async function nginxSees(vm: Machine, from: string): Promise<string> {
  await vm.run('cat >/tmp/toa-probe', { input: PROBE });
  await vm.run('cat >/tmp/talk.py', { input: TALK });
  await vm.run('cat >/tmp/request.py', { input: REQUEST });
  // Not by systemctl: without user-data nobody sets the network up, and its unit would wait for that.
  await vm.run('systemctl is-active -q nginx || nginx');
  const { stdout, stderr } = await vm.run(`python3 /tmp/request.py /tmp/toa-probe ${from} ${CLIENT}`);
  expect(stdout, stderr).toMatch(/^HTTP\/1\.1 404/);
  const log = await vm.run(`grep 'GET /from-${from} ' /var/log/nginx/access.log | tail -n 1`);
  return log.stdout.split(' ')[0] ?? '';
}

async function receipt(vm: Machine): Promise<Receipt> {
  return JSON.parse((await vm.run('cat /var/lib/toa/receipt.json')).stdout);
}

async function expectClients(vm: Machine): Promise<void> {
  const seen = await probe(vm);
  expect(seen).toMatchObject({ result: 'pass' });
  expect(seen.cases.map((c) => c.name)).toEqual(['control', 'trusted-ipv4', 'trusted-dual', 'untrusted-ipv4']);
  expect(await nginxSees(vm, SCRUBBER)).toBe(CLIENT);
  expect(await nginxSees(vm, STRANGER)).toBe(STRANGER);
}

/** The receipts are kept beside the console logs. */
async function expectInstalled(vm: Machine, disk: Disk, dataSource: string): Promise<void> {
  const ended = await vm.waitForCloudInit();
  const log = await vm.run('cat /var/lib/toa/build.log; journalctl -b --no-pager -n 40 -u cloud-final');
  expect(ended, log.stdout).toMatchObject({ code: 0, status: 'done', errors: [] });
  expect(ended.dataSource).toContain(dataSource);
  const said = await receipt(vm);
  writeFileSync(vm.log.replace(/log$/, 'receipt.json'), JSON.stringify(said, null, 2));
  expect(said).toMatchObject({ result: 'ok', code: 0, verify: { result: 'pass' } });
  expect(userData).toContain(`payload sha256 ${said.payload}`);
  expect(said.kernels.map((k) => k.release)).toEqual([disk.release]);
  const [kernel] = said.kernels;
  expect((await vm.run(`sha256sum ${kernel?.module}`)).stdout.split(' ')[0]).toBe(kernel?.sha256);
  expect((await vm.run('systemctl is-active toa.service toa-ready.target')).stdout).toBe('active\nactive\n');
}

// Side by side: one emulated machine keeps about one core busy.
describe.concurrent('a machine from rendered user-data', () => {
  it('control: without user-data every connection shows the scrubber', async (test) => {
    const vm = await boot(test, { name: 'smoke-control', disk: full, dataSource: 'none', network: false });
    const seen = await probe(vm);
    expect(seen.result).toBe('fail');
    const addresses = seen.cases.map(({ source, accept }) => [source, accept.replace(/^\[::ffff:(.*)\]/, '$1')]);
    expect(addresses).toHaveLength(4);
    for (const [source, accept] of addresses) expect(accept).toBe(source);
    expect(await nginxSees(vm, SCRUBBER)).toBe(SCRUBBER);
  });

  it('(a) NoCloud: compiles at first boot, shows clients, and again after a reboot with nothing rebuilt', async (test) => {
    const vm = await boot(test, { name: 'smoke-nocloud', disk: full, dataSource: 'nocloud', network: false });
    await expectInstalled(vm, full, 'DataSourceNoCloud');
    await expectClients(vm);
    const stamps = 'stat -c "%n %Y %i" /var/lib/toa/built/*/* /lib/modules/*/updates/toa/*; cat /var/lib/toa/build.log';
    const before = (await vm.run(stamps)).stdout;
    await vm.reboot();
    await vm.run(until('multi-user.target'));
    expect((await vm.run(stamps)).stdout).toBe(before);
    const show = 'systemctl show -p ActiveEnterTimestampMonotonic --value';
    const { stdout } = await vm.run(
      `${show} toa.service; ${show} network-pre.target; systemctl is-active toa-ready.target`,
    );
    const [loaded, network, ready] = stdout.trim().split(/\n+/);
    expect(ready).toBe('active');
    expect(Number(loaded)).toBeGreaterThan(0);
    expect(Number(loaded)).toBeLessThan(Number(network));
    await expectClients(vm);
  });

  it('(b) the data source of Alibaba Cloud ECS', async (test) => {
    const vm = await boot(test, { name: 'smoke-aliyun', disk: full, dataSource: 'aliyun', network: false });
    await expectInstalled(vm, full, 'DataSourceAliYun');
    await expectClients(vm);
  });

  it("(c) without compiler and headers: they come from the distribution's mirror; user-data as gzip, as some clouds want it", async (test) => {
    const vm = await boot(
      test,
      { name: 'smoke-bare', disk: bare, dataSource: 'nocloud', network: true },
      gzipSync(userData),
    );
    expect((await vm.run('command -v gcc make')).code).not.toBe(0);
    await expectInstalled(vm, bare, 'DataSourceNoCloud');
    await expectClients(vm);
  });

  it('without compiler and without network: boots, serves, installs nothing, and says why', async (test) => {
    const vm = await boot(test, { name: 'smoke-no-compiler', disk: bare, dataSource: 'nocloud', network: false });
    const ended = await vm.waitForCloudInit();
    expect(ended.status).toBe('error');
    const said = await receipt(vm);
    expect(said).toMatchObject({ result: 'failed', step: 'deps', code: 11, kernels: [], verify: null });
    expect(said.reason).toMatch(/^apt could not install gcc make linux-headers-\S+: \S/);
    const left =
      'ls /usr/local/sbin/toa-setup /usr/local/lib/toa /etc/toa /etc/modprobe.d/toa.conf /lib/modules/*/updates 2>/dev/null';
    expect((await vm.run(left)).stdout).toBe('');
    expect((await vm.run('find / -xdev -name "*.toa-new"')).stdout).toBe('');
    expect((await probe(vm)).result).toBe('fail');
    expect(await nginxSees(vm, SCRUBBER)).toBe(SCRUBBER);
  });
});
