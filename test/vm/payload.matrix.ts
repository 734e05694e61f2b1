/** User-data that fetches install-toa.sh, beside a user's own, on a real machine; the power goes while it is fetched. */

import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { afterAll, expect, it } from 'vitest';
import { inFolder, runBuilt } from '../support/cli.ts';
import { BUILD_PACKAGES, debianDisk } from '../support/disk.ts';
import { serveHttps } from '../support/https.ts';
import { bootMachine } from '../support/machine.ts';

const RECEIPT = '/var/lib/toa/receipt.json';
const SCRIPT = '/var/lib/toa/install-toa.sh';
const PER_BOOT = '/var/lib/cloud/scripts/per-boot/toa';

let served = Buffer.from('');
let isStuck = true;
const stuck: ServerResponse[] = [];
const web = await serveHttps({
  '/install-toa.sh': (_, response) => {
    response.writeHead(200, { 'content-length': served.length });
    if (!isStuck) return response.end(served);
    stuck.push(response);
    return response.write(served.subarray(0, served.length / 2));
  },
});
afterAll(() => web.close());

/** What a user may have: a host name and a certificate authority of their own, which ours then relies on. 10.0.2.2 is QEMU's name for us. */
const theirs = `#cloud-config
ca_certs:
  trusted:
  - ${JSON.stringify(readFileSync(web.env.SSL_CERT_FILE ?? '', 'utf8'))}
bootcmd:
- echo 10.0.2.2 localhost >/etc/hosts
runcmd:
- echo theirs >/srv/theirs
`;

it('is small, installs what it fetched, and goes on at the next boot where the power went', {
  timeout: 2_400_000,
}, async ({ onTestFinished }) => {
  const disk = await debianDisk({ suite: 'bookworm', packages: BUILD_PACKAGES });
  const url = `${web.origin}/install-toa.sh`;
  const spec = `version: 1\ntrust: [198.51.100.0/24]\npayload: {url: "${url}"}\ntargets: [debian-12]\n`;
  const userData = await inFolder({ 'toa.yaml': spec, theirs }, async (folder) => {
    const { code, stderr } = await runBuilt(folder, ['render', '--merge', 'theirs']);
    expect(code, stderr).toBe(0);
    served = readFileSync(`${folder}/out/debian-12/script/install-toa.sh`);
    return readFileSync(`${folder}/out/debian-12/cloud-init/user-data.mime`);
  });
  expect(userData.length).toBeLessThan(6000);
  const vm = await bootMachine({ name: 'payload', disk, dataSource: 'nocloud', network: true, userData });
  onTestFinished(() => vm.discard());

  const asked = async (times: number) => await expect.poll(() => web.asked.length, LONG).toBeGreaterThanOrEqual(times);
  await asked(1);
  await vm.run(`until [ -e ${PER_BOOT} ]; do sleep 0.2; done; sync`);
  await vm.kill();
  for (const response of stuck) response.destroy();
  const before = web.asked.length;
  isStuck = false;
  await vm.startAgain();
  // cloud-init has run the user-data and will not again; nothing of ours is there but what fetches.
  expect((await vm.run(`cat ${SCRIPT}`)).stdout).not.toBe(served.toString());
  await asked(before + 1);
  await vm.run(`until [ -e ${RECEIPT} ]; do sleep 1; done`, { timeoutMs: 900_000 });
  expect(JSON.parse((await vm.run(`cat ${RECEIPT}`)).stdout)).toMatchObject({
    result: 'ok',
    verify: { result: 'pass' },
  });
  expect((await vm.run(`cat ${SCRIPT}`)).stdout).toBe(served.toString());
  expect((await vm.run(`ls ${PER_BOOT} /var/lib/toa/fetch`)).stdout).toBe('');
  // Which is not cloud-init's doing: what it would have run after ours was not run either.
  expect((await vm.run('cat /srv/theirs')).stdout).toBe('');

  // Nothing is served any more, and nothing is asked for.
  const asks = web.asked.length;
  await vm.reboot();
  await vm.run('until systemctl is-active -q toa-ready.target multi-user.target; do sleep 0.5; done');
  expect(web.asked.length).toBe(asks);
});

const LONG = { timeout: 900_000, interval: 500 };

it('control: where the server is not there the machine boots, serves, and says why', {
  timeout: 1_800_000,
}, async (test) => {
  const disk = await debianDisk({ suite: 'bookworm', packages: BUILD_PACKAGES });
  const spec =
    'version: 1\ntrust: [198.51.100.0/24]\npayload: {url: "https://127.0.0.1:9/install-toa.sh"}\ntargets: [debian-12]\n';
  const userData = await inFolder({ 'toa.yaml': spec }, async (folder) => {
    await runBuilt(folder, ['render']);
    return readFileSync(`${folder}/out/debian-12/cloud-init/user-data`);
  });
  expect(userData.length).toBeLessThan(4096);
  const vm = await bootMachine({ name: 'payload-dead', disk, dataSource: 'nocloud', network: false, userData });
  test.onTestFinished(() => vm.discard());
  expect((await vm.waitForCloudInit(1_500_000)).status).toBe('error');
  const said = JSON.parse((await vm.run(`cat ${RECEIPT}`)).stdout);
  expect(said).toMatchObject({ result: 'failed', step: 'fetch', code: 17, kernels: [] });
  expect(said.reason).toMatch(/^could not fetch https:\/\/127\.0\.0\.1:9\/install-toa\.sh: error: .*refused/);
  expect((await vm.run(`ls /usr/local/sbin/toa-setup ${PER_BOOT}`)).stdout).toBe('');
  expect((await vm.run('systemctl is-active nginx')).stdout).toBe('active\n');
});
