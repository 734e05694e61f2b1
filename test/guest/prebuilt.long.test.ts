/** Method prebuilt: a module that was built elsewhere, in fake roots. */

import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { type FakeMachine, KERNEL, type MachineParts, type Run, SHELLS } from '../support/fakeroot.ts';
import { serveHttps } from '../support/https.ts';
import { fake, made, module, ran, receipt, script } from '../support/setup.ts';

const NEWER = '6.1.0-100-amd64';
const OTHER = '6.1.0-41-amd64';

/** As much of an ELF file as is looked at: the machine it is for. */
function elf(machine: number, text: string): Buffer {
  return Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(14), Buffer.from([machine, 0]), Buffer.from(text)]);
}
const FILES: Readonly<Record<string, Buffer>> = {
  '/x86.ko': elf(0x3e, 'one\n'),
  '/second.ko': elf(0x3e, 'two\n'),
  '/arm.ko': elf(0xb7, 'arm\n'),
};
const web = await serveHttps(
  Object.fromEntries(
    Object.entries(FILES).map(
      ([path, bytes]) => [path, (_: unknown, response) => response.writeHead(200).end(bytes)] as const,
    ),
  ) as Parameters<typeof serveHttps>[0],
);
afterAll(() => web.close());

const sha256 = (path: string) =>
  createHash('sha256')
    .update(FILES[path] ?? '')
    .digest('hex');
const file = (path: string, release: string) =>
  `{url: "${web.origin}${path}", sha256: "${sha256(path)}", role: module, release: ${release}}`;
const plan = (...files: readonly string[]) =>
  script('debian-12', `, method: prebuilt, trust: any, files: [${files.join(', ')}]`);

/** Debian 12 without compiler and headers. */
const bare: MachineParts = {
  headers: [],
  commands: ['python3'],
  tools: ['curl'],
  steer: { vendor: '', vermagic: `${KERNEL} SMP\n` },
};
const BOOT = { '/proc/sys/kernel/random/boot_id': 'boot-1\n' };
const install = async (machine: FakeMachine, script: string, verbs: readonly string[] = ['all']): Promise<Run> =>
  await machine.install(script, verbs, web.env);

describe.concurrent.each(SHELLS)('method prebuilt under %s', (shell) => {
  it('all: fetched, checked, installed as it is, loaded; no compiler, no package', async () => {
    const machine = fake(shell, { ...bare, files: BOOT });
    const before = machine.tree();
    const run = await install(machine, plan(file('/x86.ko', KERNEL)));
    expect(run.code, run.stderr).toBe(0);
    expect([ran(run, 'apt-get'), made(run), ran(run, 'modprobe')]).toEqual([[], [], ['modprobe toa']]);
    expect(machine.read(module(KERNEL))).toBe(FILES['/x86.ko']?.toString());
    expect(receipt(machine)).toMatchObject({
      ...{ result: 'ok', step: 'verify', method: 'prebuilt', trusted: ['any'] },
      kernels: [{ release: KERNEL, module: module(KERNEL), sha256: sha256('/x86.ko') }],
    });
    expect(machine.has('/etc/modprobe.d/toa.conf')).toBe(false);
    expect(await machine.setup('status')).toMatchObject({ code: 0 });
    const again = await install(machine, plan(file('/x86.ko', KERNEL)));
    expect([again.code, again.stderr, ran(again, 'modprobe')]).toEqual([0, '', []]);
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    expect(machine.tree()).toEqual(before);
  });

  it('a machine that boots another kernel: exit 10 before anything is fetched', async () => {
    const machine = fake(shell, { ...bare, kernels: [KERNEL, NEWER], files: BOOT });
    const run = await install(machine, plan(file('/x86.ko', KERNEL), file('/second.ko', OTHER)));
    expect(run.code).toBe(10);
    expect(receipt(machine)).toMatchObject({
      ...{ step: 'preflight', code: 10, kernels: [] },
      reason: `kernel ${NEWER} is outside ${KERNEL} ${OTHER}`,
      hint: 'a module fits no other kernel than its own: pin one for this kernel, or write method: module in the spec',
    });
    expect(machine.has('/var/lib/toa/fetch')).toBe(false);
  });

  it('a module for another kernel than the spec says: exit 12', async () => {
    const machine = fake(shell, { ...bare, files: BOOT, steer: { ...bare.steer, vermagic: `${OTHER} SMP\n` } });
    expect(await install(machine, plan(file('/x86.ko', KERNEL)))).toMatchObject({ code: 12 });
    expect(receipt(machine).reason).toContain(`error: the pinned module is for kernel ${OTHER}, not for ${KERNEL}`);
    expect(machine.has(module(KERNEL))).toBe(false);
  });

  it('a module for another architecture: exit 12', async () => {
    const machine = fake(shell, { ...bare, files: BOOT });
    expect(await install(machine, plan(file('/arm.ko', KERNEL)))).toMatchObject({ code: 12 });
    expect(receipt(machine).reason).toContain('error: the pinned module is not for x86_64');
    expect(machine.has(module(KERNEL))).toBe(false);
  });

  it('one for the running and one for the next kernel', async () => {
    const machine = fake(shell, { ...bare, kernels: [KERNEL, NEWER], files: BOOT });
    machine.steer({ vermagic: `${NEWER} SMP\n` });
    const run = await install(machine, plan(file('/x86.ko', KERNEL), file('/second.ko', NEWER)));
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('failed: error: the pinned module is for') });
    expect(receipt(machine)).toMatchObject({ result: 'reboot-needed', kernels: [{ release: NEWER }] });
    machine.steer({ vermagic: `${KERNEL} SMP\n` });
    expect(await install(machine, plan(file('/x86.ko', KERNEL), file('/second.ko', NEWER)))).toMatchObject({ code: 0 });
    expect(receipt(machine)).toMatchObject({ result: 'ok', kernels: [{ release: KERNEL }, { release: NEWER }] });
  });

  it('another build replaces it; a reader in use is left loaded', async () => {
    const machine = fake(shell, { ...bare, files: BOOT });
    await install(machine, plan(file('/x86.ko', KERNEL)));
    const run = await install(machine, plan(file('/second.ko', KERNEL)));
    expect([run.code, ran(run, 'modprobe')]).toEqual([0, ['modprobe -r toa', 'modprobe toa']]);
    machine.steer({ 'unload-fails': '' });
    const stays = await install(machine, plan(file('/x86.ko', KERNEL)));
    expect(stays).toMatchObject({ code: 0, stderr: expect.stringContaining('the older build stays loaded') });
  });

  it('a loaded module of the name that we did not load since the machine started: unloaded, else it goes with a reboot', async () => {
    const machine = fake(shell, { ...bare, files: BOOT });
    machine.write({ '/sys/module/toa/refcnt': '0\n' });
    expect(await install(machine, plan(file('/x86.ko', KERNEL)))).toMatchObject({ code: 0 });
    expect(receipt(machine)).toMatchObject({ result: 'ok' });
    const rebooted = fake(shell, { ...bare, files: BOOT });
    await install(rebooted, plan(file('/x86.ko', KERNEL)));
    expect(await rebooted.setup('load')).toMatchObject({ code: 0 });
    rebooted.write({ '/proc/sys/kernel/random/boot_id': 'boot-2\n' });
    rebooted.steer({ 'unload-fails': '' });
    expect(await rebooted.setup('load')).toMatchObject({ code: 15, stderr: expect.stringContaining('is in use') });
  });

  it('enforced signatures: exit 10', async () => {
    const files = { ...BOOT, '/sys/module/module/parameters/sig_enforce': 'Y\n' };
    expect(await install(fake(shell, { ...bare, files }), plan(file('/x86.ko', KERNEL)))).toMatchObject({ code: 10 });
  });

  it('preflight says what it would do', async () => {
    const run = await install(fake(shell, { ...bare, files: BOOT }), plan(file('/x86.ko', KERNEL)), []);
    expect(run).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`would fetch the module for kernel ${KERNEL}`),
    });
  });
});
