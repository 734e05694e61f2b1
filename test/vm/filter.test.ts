/** The packet filter on a real machine, with a reader that believes everybody: our own module with its check of the sender taken out. */

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { inRepo, rendered } from '../support/cli.ts';
import { type Disk, debianDisk } from '../support/disk.ts';
import { buildModule, debianKernel } from '../support/kernels.ts';
import { bootMachine, type Machine } from '../support/machine.ts';

const SCRUBBER = '198.51.100.7';
const STRANGER = '192.0.2.50';
const CLIENT = '203.0.113.99';
const GUEST: Readonly<Record<string, string>> = {
  '/root/toa-probe': 'guest/toa-probe',
  '/root/talk.py': 'test/support/talk.py',
  '/root/request.py': 'test/support/request.py',
};

/** On a busy host. Nobody sets the network up, so not everything starts. */
const PATIENTLY = { timeoutMs: 600_000 } as const;

let disk: Disk;
let reader: Buffer;

/** Believes whoever sends the option, as vendors' readers do. */
async function buildBeliever(): Promise<Buffer> {
  const kernel = await debianKernel({ suite: 'bookworm', backports: false, kernel: 'cloud-amd64' });
  expect(kernel.release).toBe(disk.release);
  const scratch = mkdtempSync(join(tmpdir(), 'toa-bake-believer-'));
  try {
    await execa('cp', ['-r', `${inRepo('guest/module')}/.`, join(scratch, 'source')]);
    const path = join(scratch, 'source/toa.c');
    const source = readFileSync(path, 'utf8');
    const believing = source.replace('found = first && in_network(&addr, &t->net[first - 1]);', 'found = true;');
    expect(believing).not.toBe(source);
    writeFileSync(path, believing);
    const built = await buildModule(kernel, join(scratch, 'source'), scratch);
    return readFileSync(built.path);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

beforeAll(async () => {
  disk = await debianDisk({ suite: 'bookworm', packages: ['nftables'] });
  reader = await buildBeliever();
});

async function good(vm: Machine, script: string): Promise<string> {
  const { code, stdout, stderr } = await vm.run(script, PATIENTLY);
  expect(code, `${script}\n${stdout}${stderr}`).toBe(0);
  return stdout.trim();
}

/** What nginx writes into its log for a request that `from` sent, with the client in the option. */
async function nginxSees(vm: Machine, from: string): Promise<string> {
  await good(vm, 'systemctl is-active -q nginx || pgrep nginx >/dev/null || nginx');
  await good(vm, `python3 /root/request.py /root/toa-probe ${from} ${CLIENT}`);
  return await good(vm, `grep 'GET /from-${from} ' /var/log/nginx/access.log | tail -n 1 | cut -d ' ' -f 1`);
}

async function expectFiltered(vm: Machine): Promise<void> {
  expect(await nginxSees(vm, STRANGER)).toBe(STRANGER);
  expect(await nginxSees(vm, SCRUBBER)).toBe(CLIENT);
}

const isThere = 'nft list table inet toa >/dev/null';

it('a reader that believes everybody believes the scrubber only, whatever becomes of the firewall', async ({
  onTestFinished,
}) => {
  const sha256 = createHash('sha256').update(reader).digest('hex');
  const spec = `version: 1
trust: [198.51.100.0/24]
targets:
  - os: debian-12
    method: prebuilt
    files: [{url: "https://example.com/toa.ko", sha256: ${sha256}, role: module, release: ${disk.release}}]
`;
  const script = await rendered(spec, 'debian-12/script/install-toa.sh');
  const vm = await bootMachine({ name: 'filter', disk, dataSource: 'none', network: false, smp: 1 });
  onTestFinished(() => vm.discard());
  await vm.run('until systemctl is-active -q sysinit.target; do sleep 0.5; done', PATIENTLY);
  for (const [path, file] of Object.entries(GUEST)) {
    await vm.run(`cat >${path}`, { input: readFileSync(inRepo(file)) });
  }
  await vm.run(`mkdir -p /var/lib/toa/fetch; cat >/var/lib/toa/fetch/${sha256}`, { input: reader });
  await vm.run('cat >/root/install-toa.sh', { input: script });

  // Control.
  await good(vm, `insmod /var/lib/toa/fetch/${sha256}`);
  expect(await nginxSees(vm, STRANGER)).toBe(CLIENT);
  await good(vm, 'rmmod toa');

  await good(vm, 'sh /root/install-toa.sh all || { cat /var/lib/toa/build.log; false; }');
  expect(JSON.parse(await good(vm, 'cat /var/lib/toa/receipt.json'))).toMatchObject({
    ...{ result: 'ok', verify: { result: 'pass' }, trusted: ['198.51.100.0/24'] },
  });
  await expectFiltered(vm);

  // Debian's own /etc/nftables.conf begins with `flush ruleset`.
  for (const command of ['enable --now', 'reload', 'restart', 'stop']) await good(vm, `systemctl ${command} nftables`);
  await good(vm, `nft -f /etc/nftables.conf; nft flush ruleset; ${isThere}`);
  await expectFiltered(vm);

  // Its owner is killed: a new one comes.
  await good(vm, 'kill -9 $(cat /var/lib/toa/filter/holder)');
  await good(
    vm,
    `for i in $(seq 120); do ${isThere} 2>&1 && exit; sleep 1; done; systemctl status toa-filter.service; exit 1`,
  );
  await expectFiltered(vm);

  await good(vm, 'toa-setup trust add 192.0.2.0/24');
  expect(await nginxSees(vm, STRANGER)).toBe(CLIENT);
  await good(vm, 'toa-setup trust remove 192.0.2.0/24');
  await expectFiltered(vm);
  expect(await good(vm, 'toa-setup trust seen')).toMatch(/^192\.0\.2\.50 [1-9]/m);

  // At boot: the filter, then the reader, then the network.
  await vm.reboot();
  await vm.run('until systemctl is-active -q basic.target; do sleep 0.5; done', PATIENTLY);
  await expectFiltered(vm);
  const when = 'systemctl show -p ActiveEnterTimestampMonotonic --value';
  const times = await good(vm, `for u in toa-filter.service toa.service network-pre.target; do ${when} $u; done`);
  const order = times.split(/\n+/).map(Number);
  expect(order.every((time) => time > 0)).toBe(true);
  expect(order).toEqual([...order].sort((a, b) => a - b));

  // No rules, no reader.
  await good(vm, 'toa-setup disable; mv /usr/sbin/nft /root/nft');
  const { code, stderr } = await vm.run('toa-setup load');
  expect([code, stderr]).toEqual([14, expect.stringContaining('no nft or iptables here takes the rules')]);
  await good(vm, '[ ! -d /sys/module/toa ] && mv /root/nft /usr/sbin/nft && toa-setup load');
  await expectFiltered(vm);

  await good(vm, 'toa-setup uninstall');
  const left = `${isThere} || ls -d /sys/module/toa /var/lib/toa /etc/systemd/system/*toa* /etc/systemd/system/nftables.service.d`;
  expect((await vm.run(`{ ${left}; } 2>/dev/null`)).stdout).toBe('');
  expect((await vm.run(isThere)).code).not.toBe(0);
});
