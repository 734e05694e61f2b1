/** Faults of a real kernel and a real compiler, one after the other on one machine. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inRepo } from '../support/cli.ts';
import { BUILD_PACKAGES, debianDisk } from '../support/disk.ts';
import { FAULTS, type FaultId } from '../support/faults.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { noteOutcome } from '../support/outcomes.ts';
import { edited, script } from '../support/setup.ts';

const LONG = { timeoutMs: 900_000 };
const CRASHES = /BUG: kernel NULL pointer dereference/g;
const SETTLED = 'until [ -z "$(systemctl list-jobs --no-legend "toa*")" ]; do sleep 0.5; done';

const COMPILING = "until f=$(grep -la 'cc1.*toa\\.c' /proc/[0-9]*/cmdline 2>/dev/null); do sleep 0.1; done";

let vm: Machine;
let ko: string;

async function out(text: string): Promise<string> {
  const { code, stdout, stderr } = await vm.run(text, LONG);
  expect(code, `${text}\n${stdout}\n${stderr}`).toBe(0);
  return stdout.trim();
}

/** Exit code and receipt are what the row says. */
async function expectRow(id: FaultId, code: number): Promise<void> {
  const row = FAULTS[id];
  expect(code).toBe(row.code);
  const { reason = '', ...rest } = { reason: '', ...row.receipt };
  const said = JSON.parse(await out('cat /var/lib/toa/receipt.json'));
  noteOutcome(row.fault, `exit ${code}, receipt ${said.result} ${said.step} ${said.reason}`.trimEnd());
  expect(said).toMatchObject({ ...rest, reason: reason ? expect.stringContaining(reason) : '' });
}

const install = async (more = '') => (await vm.run(`${more} sh /root/new.sh all`, LONG)).code;
const probe = async () => JSON.parse((await vm.run('python3 /root/toa-probe --trust /root/trusted')).stdout).result;
const crashes = () => readFileSync(vm.log, 'utf8').match(CRASHES)?.length ?? 0;

/** With the power, not with systemctl: a kernel with a dead process does not shut down. */
async function restart(): Promise<void> {
  await out('sync');
  await vm.kill();
  await vm.startAgain();
  await out(SETTLED);
}

/** Builds a module of test/support in the machine, as /root/NAME.ko. */
async function build(folder: string, name: string): Promise<void> {
  await out(`mkdir -p /root/${folder}`);
  for (const file of ['Makefile', `${name}.c`]) {
    await vm.run(`cat >/root/${folder}/${file}`, { input: readFileSync(inRepo(`test/support/${folder}/${file}`)) });
  }
  await out(
    `make -s -C /lib/modules/$(uname -r)/build M=/root/${folder} modules >&2; cp /root/${folder}/${name}.ko /root/${folder}.ko`,
  );
}

beforeAll(async () => {
  const disk = await debianDisk({ suite: 'bookworm', packages: BUILD_PACKAGES });
  ko = `/lib/modules/${disk.release}/updates/toa/toa.ko`;
  vm = await bootMachine({ name: 'faults', disk, dataSource: 'none', network: false });
  const old = await edited((files) => files.replaceAll('MODULE_DESCRIPTION("', 'MODULE_DESCRIPTION("Old. '));
  const files = { 'new.sh': script(), 'old.sh': old, 'toa-probe': readFileSync(inRepo('guest/toa-probe')) };
  for (const [name, input] of Object.entries(files)) await vm.run(`cat >/root/${name}`, { input });
  // Nobody sets the network up, and repair would wait for it.
  await out(
    'echo 198.51.100.0/24 >/root/trusted; systemctl -q mask systemd-networkd-wait-online; systemctl stop systemd-networkd',
  );
  expect(await probe()).toBe('fail');
  await out('sh /root/old.sh all');
  expect(await probe()).toBe('pass');
});
afterAll(() => vm?.discard());

/** The old version's reader is still the one that is there and works. */
async function expectOld(before: string): Promise<void> {
  expect(await out(`sha256sum ${ko}`)).toBe(before);
  expect(await out(`modinfo -F description ${ko}`)).toContain('Old. ');
  expect(await probe()).toBe('pass');
  expect(await out('ls -A /var/lib/toa; find / -xdev -name .toa-new')).not.toMatch(/work|toa-new|loading/);
}

it('compiler-killed', async () => {
  const before = await out(`sha256sum ${ko}`);
  await expectRow(
    'compiler-killed',
    // Not one of those that kbuild starts to see what the compiler can do.
    await install(`{ ${COMPILING}; f=\${f#/proc/}; kill -9 \${f%/cmdline}; } >&2 &`),
  );
  await expectOld(before);
});

it('other-headers', async () => {
  const before = await out(`sha256sum ${ko}`);
  const files = 'include/generated/utsrelease.h include/config/kernel.release';
  const each = (edit: string) => `cd -P /lib/modules/$(uname -r)/build; for f in ${files}; do ${edit}; done`;
  await out(each('cp $f $f.kept; sed -i s/cloud/other/ $f'));
  await expectRow('other-headers', await install());
  await out(each('mv $f.kept $f'));
  await expectOld(before);
});

it('clock-1970', async () => {
  await out('date -s 1970-01-02 >&2');
  await expectRow('clock-1970', await install());
  expect(await out('date +%Y')).toBe('1970');
  await restart();
  expect(Number(await out('date +%Y'))).toBeGreaterThan(2020);
  expect([await out('systemctl is-active toa.service'), await probe()]).toEqual(['active', 'pass']);
});

/** Puts a module in the place of the reader, and of what was built: repair takes that. */
const use = (file: string) => `for f in ${ko} /var/lib/toa/built/*/*.ko; do cp ${file} $f; done; depmod`;

it('oops-alone', async () => {
  await build('faulty', 'faulty');
  await out(
    `cp ${ko} /root/good.ko; ${use('/root/faulty.ko')}; echo options toa fault=oops >/etc/modprobe.d/fault.conf`,
  );
  await out('systemctl stop toa.service; rmmod toa');
  const before = crashes();
  await vm.run('systemctl start toa.service', LONG);
  await out(SETTLED);
  await expectRow('oops-alone', (await vm.run('toa-setup load', LONG)).code);
  expect(crashes()).toBe(before + 1);
  await restart();
  expect([(await vm.run('toa-setup status')).code, crashes()]).toEqual([1, before + 1]);
});

it('oops-panic', async () => {
  await out(
    'echo kernel.panic_on_oops=1 >/etc/sysctl.d/fault.conf; mkdir -p /etc/systemd/system/toa.service.d; ' +
      'printf "[Unit]\\nAfter=systemd-sysctl.service\\n" >/etc/systemd/system/toa.service.d/fault.conf; toa-setup enable; sync',
  );
  const before = crashes();
  await vm.kill();
  // The first boot may crash before the agent answers, or after.
  await vm.startAgain();
  await expect.poll(crashes, { timeout: 300_000, interval: 1000 }).toBe(before + 1);
  const settled = async () => (await vm.run(SETTLED).catch(() => ({ code: 1 }))).code;
  await expect.poll(settled, { timeout: 300_000, interval: 2000 }).toBe(0);
  await expectRow('oops-panic', (await vm.run('toa-setup load', LONG)).code);
  expect([(await vm.run('toa-setup status')).code, await probe(), crashes()]).toEqual([1, 'fail', before + 1]);
  await out(`${use('/root/good.ko')}; rm /etc/modprobe.d/fault.conf /etc/sysctl.d/fault.conf`);
  expect((await vm.run('toa-setup load', LONG)).code).toBe(14);
  await out('toa-setup enable; toa-setup load >&2');
  expect(await probe()).toBe('pass');
});

/** Ours is gone, but for what was built; theirs is in the kernel and in its tree. */
async function foreign(parameters: string): Promise<void> {
  await out(
    'cp -a /var/lib/toa/built /root/built; toa-setup uninstall >&2; mkdir -p /var/lib/toa; mv /root/built /var/lib/toa',
  );
  const theirs = '/lib/modules/$(uname -r)/kernel/net/netfilter/ipvs/toa.ko';
  await out(`cp /root/foreign.ko ${theirs}; depmod; insmod ${theirs} ${parameters}`);
  expect(await probe()).toBe('fail');
}

it('foreign-idle', async () => {
  await build('foreign', 'toa');
  await foreign('');
  await expectRow('foreign-idle', await install());
  expect(await probe()).toBe('pass');
});

it('foreign-in-use', async () => {
  await foreign('busy=1');
  await expectRow('foreign-in-use', await install());
  expect([await out('cat /sys/module/toa/refcnt'), await probe()]).toEqual(['1', 'fail']);
  await restart();
  expect([await out('systemctl is-active toa.service'), await probe()]).toEqual(['active', 'pass']);
  await out('toa-setup uninstall >&2; [ -e /lib/modules/$(uname -r)/kernel/net/netfilter/ipvs/toa.ko ]');
});
