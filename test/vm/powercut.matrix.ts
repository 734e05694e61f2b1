/** The power goes at every step of toa-setup: the machine boots, is whole, and is finished by doing the same again. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inRepo, userDataOf } from '../support/cli.ts';
import { CUTS, type Cut, JOURNEYS } from '../support/cuts.ts';
import { BUILD_PACKAGES, debianDisk } from '../support/disk.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { noteOutcome } from '../support/outcomes.ts';
import { edited, script } from '../support/setup.ts';

const SPEC = 'version: 1\ntrust: [198.51.100.0/24]\ntargets: [debian-12]\n';
const OPTIONS = '/etc/modprobe.d/toa.conf';
/** sha256 of `options toa mine`. */
const MINE = createHash('sha256').update('options toa mine\n').digest('hex');
const OTHER_MODULES = 'grep -v toa /lib/modules/$(uname -r)/modules.dep | sha256sum';
const RECEIPT = '/var/lib/toa/receipt.json';
const LONG = { timeoutMs: 900_000 };

const disk = await debianDisk({ suite: 'bookworm', packages: BUILD_PACKAGES });

describe('while cloud-init has the reader compiled', () => {
  it('cloud-init will not run user-data twice; the next boot finishes it', { timeout: 1_800_000 }, async (test) => {
    const userData = await userDataOf(SPEC, 'debian-12');
    const vm = await bootMachine({ name: 'powercut', disk, dataSource: 'nocloud', network: false, userData });
    test.onTestFinished(() => vm.discard());
    await vm.run('until [ -e /var/lib/toa/work/toa.o ] || pidof cc1; do sleep 0.2; done', LONG);
    await vm.kill();
    await vm.startAgain();
    expect((await vm.run(`ls ${RECEIPT} /lib/modules/*/updates/toa/toa.ko`)).stdout).toBe('');
    await vm.run(`until [ -e ${RECEIPT} ]; do sleep 1; done`, LONG);
    const said = JSON.parse((await vm.run(`cat ${RECEIPT}`)).stdout);
    expect(said).toMatchObject({ result: 'ok', verify: { result: 'pass' } });
    expect((await vm.run('ls /var/lib/cloud/scripts/per-boot')).stdout).toBe('');
  });
});

/** One machine goes through all of it; the next point begins where the last one was finished. */
let vm: Machine;
/** What is below these folders before anything of ours, and the content of what was installed, by version. */
let base: string;
let all: string;
let index: string;
const contents: Record<'old' | 'new', Readonly<Record<string, string>>> = { old: {}, new: {} };

async function out(text: string): Promise<string> {
  const { code, stdout, stderr } = await vm.run(text, LONG);
  expect(code, `${text}\n${stdout}\n${stderr}`).toBe(0);
  return stdout.trim();
}

/** What a machine in use makes by itself is left out. */
const names = async () =>
  await out('find /etc /usr/local /lib/modules /var/lib/toa -xdev 2>/dev/null | grep -v "^/var/lib/toa/built/" | sort');
const installed = async (): Promise<Readonly<Record<string, string>>> => {
  const sums = await out('while read -r f; do [ ! -f "$f" ] || sha256sum "$f"; done </var/lib/toa/files');
  return Object.fromEntries(sums.split('\n').map((line) => [line.slice(66), line.slice(0, 64)]));
};
const receiptOf = async () => JSON.parse(await out(`cat ${RECEIPT}`));
const probe = async () => JSON.parse((await vm.run('python3 /root/toa-probe --trust /root/trusted')).stdout).result;

/** A mirror with one package, make, that is not configured while somebody waits for the power to go. */
const MIRROR = `
mkdir -p /srv/make/DEBIAN /srv/make/usr/bin && cp /usr/bin/make /srv/make/usr/bin && cd /srv
printf 'Package: make\\nVersion: 99\\nArchitecture: all\\nMaintainer: test\\nDescription: test\\n' >make/DEBIAN/control
printf '#!/bin/sh\\n[ ! -e /run/cut/dpkg ] || { sync; : >/run/cut/now; sleep 600; }\\n' >make/DEBIAN/postinst
chmod 755 make/DEBIAN/postinst && dpkg-deb -Zgzip -b make make.deb >&2
{ cat make/DEBIAN/control; echo "Filename: ./make.deb"; stat -c 'Size: %s' make.deb
  echo "SHA256: $(sha256sum make.deb | cut -c -64)"; } >Packages
rm -rf /etc/apt/sources.list* && echo 'deb [trusted=yes] file:/srv ./' >/etc/apt/sources.list
apt-get -qq update && apt-get -qq -y install make >&2`;

/** Nothing that the boot of a reader does not need: each point is a boot, and on two slow cores most of one is for udev, cloud-init and nginx. */
const QUIET = `
echo 198.51.100.0/24 >/root/trusted
systemctl -q mask cloud-init-local cloud-init cloud-config cloud-final systemd-udevd systemd-udev-trigger nginx ssh dbus dbus.socket \\
  systemd-logind systemd-networkd systemd-networkd-wait-online systemd-resolved systemd-timesyncd e2scrub_reap 2>&1`;

/** Both versions are built already, as far as toa-setup can see: a compiler takes a minute here. */
const BUILT_BEFORE = 'mkdir -p /var/lib/toa/built; cp -a /root/built/. /var/lib/toa/built';
/** toa.service has done what it does, and so has the repair after it. */
const SETTLED = 'until [ -z "$(systemctl list-jobs --no-legend "toa*")" ]; do sleep 0.5; done';

beforeAll(async () => {
  vm = await bootMachine({ name: 'powercuts', disk, dataSource: 'none', network: false });
  const old = await edited((files) => files.replace('MODULE_DESCRIPTION("', 'MODULE_DESCRIPTION("Old. '));
  const files = { 'new.sh': script(), 'old.sh': old, 'toa-probe': readFileSync(inRepo('guest/toa-probe')) };
  for (const [name, input] of Object.entries(files)) await vm.run(`cat >/root/${name}`, { input });
  await vm.run('cat >/root/cut.sh; chmod 755 /root/cut.sh', { input: readFileSync(inRepo('test/support/cut.sh')) });
  await out(`${QUIET}; ${MIRROR}`);
  await vm.reboot();
  await out(SETTLED);
  base = await names();
  index = await out(OTHER_MODULES);
  expect(await probe()).toBe('fail');
  for (const version of ['old', 'new'] as const) {
    await out(`sh /root/${version}.sh all >&2; mkdir -p /root/built; cp -a /var/lib/toa/built/. /root/built`);
    contents[version] = await installed();
  }
  all = await names();
  expect(contents.new['/usr/local/lib/toa/module/toa.c']).not.toBe(contents.old['/usr/local/lib/toa/module/toa.c']);
  await out('sh /root/new.sh uninstall');
  expect(await names()).toBe(base);
});
afterAll(() => vm?.discard());

it('control: what is not synced is lost', async () => {
  await out('mkdir /etc/cut; echo x >/etc/cut/synced; sync; echo x >/etc/cut/lost; mv /etc/cut/lost /etc/cut/name');
  await vm.kill();
  await vm.startAgain();
  expect(await out('cat /etc/cut/*; rm -r /etc/cut')).toBe('x');
});

/** Makes the machine what it is when a journey begins. */
const READY: Readonly<Record<Cut['journey'], string>> = {
  first: '[ ! -e /var/lib/toa ] || sh /root/new.sh uninstall',
  over: 'sh /root/old.sh all',
  update: 'sh /root/new.sh all; mkdir -p /lib/modules/5.5.5/updates/toa /var/lib/toa/built/5.5.5',
  repair: 'sh /root/new.sh all',
  uninstall:
    '[ ! -e /var/lib/toa ] || sh /root/new.sh uninstall; echo "options toa mine" >/etc/modprobe.d/toa.conf; sh /root/new.sh all',
};

/** Runs the journey until the point, and cuts the power there. */
async function cutAt({ journey, at, step, compiles, synced }: Cut): Promise<void> {
  await out(`${BUILT_BEFORE}; { ${READY[journey]}; } >&2; sync`);
  await out(compiles ? 'rm -rf /var/lib/toa/built' : BUILT_BEFORE);
  if (step === 'deps') await out('dpkg --remove --force-depends make >&2; sync');
  const program = at.split(' ')[1];
  const stand = program ? `ln -sf /root/cut.sh /run/cut/bin/${program}` : ': >/run/cut/dpkg';
  const made = await vm.run(`rm -rf /run/cut; mkdir -p /run/cut/bin; cat >/run/cut/at; ${stand}`, { input: `${at}\n` });
  expect(made.code, made.stderr).toBe(0);
  if (synced) await out(': >/run/cut/sync');
  const { command } = JOURNEYS[journey];
  const run = `(PATH=/run/cut/bin:$PATH; exec setsid ${command}) >/run/cut/said 2>&1; : >/run/cut/ended`;
  const wait = 'until [ -e /run/cut/now ] || [ -e /run/cut/ended ]; do sleep 0.1; done';
  await out(`{ ${run}; } & ${wait}; [ -e /run/cut/now ] || { cat /run/cut/said; exit 1; }`);
  await vm.kill();
}

/** How the machine has booted, untouched. */
async function booted(): Promise<string> {
  await out(SETTLED);
  const result = await probe();
  if (result === 'pass') return 'works';
  const marker = (await vm.run('ls /var/lib/toa/loading.*')).code === 0;
  if (!marker) return 'none';
  expect(await receiptOf()).toMatchObject({
    step: 'load',
    code: 14,
    reason: expect.stringContaining('did not return'),
  });
  expect((await vm.run('toa-setup status')).code).toBe(1);
  return 'banned';
}

/** Each file is the old one, the new one, or not there as before; and the index of all other modules is what it was. */
async function expectWhole({ journey }: Cut): Promise<void> {
  const sums = await out(
    `for f in ${Object.keys(contents.new).join(' ')}; do sha256sum $f 2>/dev/null || echo "- $f"; done`,
  );
  for (const line of sums.split('\n')) {
    const [sum = '', path = ''] = line.split(/ +/);
    const before = journey === 'over' ? contents.old[path] : path === OPTIONS && journey === 'uninstall' ? MINE : '-';
    const allowed = [contents.new[path], before, ...(journey === 'uninstall' ? ['-'] : [])];
    expect(allowed, `${path}: ${sum}`).toContain(sum);
  }
  expect(await out(OTHER_MODULES)).toBe(index);
}

/** The same again ends well, and leaves what a run that nobody stopped leaves. */
async function finish({ journey, step }: Cut): Promise<void> {
  if (journey === 'uninstall') {
    await out('sh /root/new.sh uninstall >&2');
    expect(await out(`cat ${OPTIONS}; rm ${OPTIONS}`)).toBe('options toa mine');
    expect(await names()).toBe(base);
    return;
  }
  if (journey === 'update') await out('toa-setup update >&2');
  await out('sh /root/new.sh all >&2');
  expect(await receiptOf()).toMatchObject({ result: 'ok', code: 0, verify: { result: 'pass' } });
  expect(await installed()).toEqual(contents.new);
  expect(await names()).toBe(all);
  if (step === 'deps') expect(await out('dpkg --audit')).toBe('');
}

describe('at each point', () => {
  for (const cut of CUTS) {
    it(`${cut.journey}, ${cut.step}: ${cut.words}`, async () => {
      await cutAt(cut);
      await vm.startAgain();
      const boot = await booted();
      noteOutcome(`${cut.journey}, ${cut.step}: ${cut.words}`, boot);
      expect(cut.boots).toContain(boot);
      await expectWhole(cut);
      await finish(cut);
    });
  }
});
