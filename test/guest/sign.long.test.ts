/** Signing what is built, in fake roots: real keys and certificates, a kernel that is what its files say, and a sign-file that signs with its name. */

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FakeMachine, KERNEL, type MachineParts, SHELLS, type Shell } from '../support/fakeroot.ts';
import { fake, made, module, ran, receipt, script } from '../support/setup.ts';

const NEWER = '6.1.0-100-amd64';
const plan = (signing: string, more = ''): string =>
  script('debian-12', `, method: module, signing: ${signing}${more}`);
const KEPT = plan('{key: k, certificate: c, onMachine: true}');
const ONCE = plan('{key: k, certificate: c}', ', kernel: {onUpgrade: hold}');
const MADE = plan('{onMachine: true}');

const KEYS = makeKeys();
const PAIR = { '/run/toa-signing/key.pem': KEYS.key, '/run/toa-signing/certificate.pem': KEYS.certificate };

/** Real ones. `late` has expired, `locked` wants a passphrase. */
function makeKeys(): Readonly<Record<'key' | 'certificate' | 'other' | 'late' | 'locked', string>> {
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-keys-'));
  const openssl = (...args: readonly string[]): string =>
    execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  try {
    for (const name of ['key', 'other'])
      openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.pem`);
    openssl('req', '-new', '-x509', '-key', 'key.pem', '-subj', '/CN=fleet', '-days', '9', '-out', 'certificate.pem');
    openssl('req', '-new', '-key', 'key.pem', '-subj', '/CN=late', '-out', 'late.csr');
    openssl('x509', '-req', '-in', 'late.csr', '-signkey', 'key.pem', '-days', '-1', '-out', 'late.pem');
    openssl('ec', '-in', 'key.pem', '-aes256', '-passout', 'pass:word', '-out', 'locked.pem');
    const [key, certificate, other, late, locked] = ['key', 'certificate', 'other', 'late', 'locked'].map((name) =>
      read(`${name}.pem`),
    );
    if (!key || !certificate || !other || !late || !locked) throw new Error('openssl made no keys');
    return { key, certificate, other, late, locked };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As the kernel says it. */
function keyId(certificate: string | Buffer): string {
  const { stdout } = spawnSync('openssl', ['x509', '-noout', '-ext', 'subjectKeyIdentifier'], {
    input: certificate,
    encoding: 'utf8',
  });
  return stdout.replace(/^.*\n/, '').replaceAll(/[:\s]/g, '').toLowerCase();
}

const LOCKED_DOWN = { '/sys/kernel/security/lockdown': 'none [integrity] confidentiality\n' };
const known = (id: string) => ({
  '/proc/keys': `05e9f24e I------     1 perm 1f010000     0     0 asymmetri fleet: ${id}: X509.rsa ${id.slice(-8)} []\n`,
});
const STRANGER = known('6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1');

/** Appends what it was asked: hash, key, and the certificate's subject. */
const SIGN_FILE = `#!/bin/sh
echo "signed by $1 $(openssl pkey -in "$2" -pubout | sha256sum | cut -c -8) $(openssl x509 -inform DER -in "$3" -noout -subject)" >>"$4"
`;

function addHeaders(machine: FakeMachine, release: string): void {
  const build = `/lib/modules/${release}/build`;
  machine.write({
    ...{ [`/lib/modules/${release}/kernel/net/other.ko`]: '', [`${build}/Makefile`]: '' },
    ...{ [`${build}/scripts/sign-file`]: SIGN_FILE, [`${build}/.config`]: 'CONFIG_MODULE_SIG_HASH="sha512"\n' },
  });
  chmodSync(join(machine.root, `${build}/scripts/sign-file`), 0o755);
}

function signer(shell: Shell, { files, ...parts }: MachineParts = {}): FakeMachine {
  const machine = fake(shell, { tools: ['openssl'], ...parts, files: { ...STRANGER, ...files } });
  addHeaders(machine, KERNEL);
  return machine;
}

const SIGNED = /^signed by sha512 [0-9a-f]{8} subject=CN = fleet$/m;
const certificateOf = (machine: FakeMachine): Buffer =>
  readFileSync(join(machine.root, 'etc/toa/signing/certificate.der'));

describe.concurrent.each(SHELLS)('signing under %s', (shell) => {
  it('a key that is brought and stays: signs by the hash of the kernel, for later kernels too, and goes with uninstall', async () => {
    const machine = signer(shell, { files: PAIR });
    expect(await machine.install(KEPT)).toMatchObject({ code: 0 });
    expect(machine.read(module(KERNEL))).toMatch(SIGNED);
    expect(machine.has('/run/toa-signing')).toBe(false);
    expect(machine.mode('/etc/toa/signing')).toBe('700');
    expect(machine.mode('/etc/toa/signing/key.pem')).toBe('600');
    expect(certificateOf(machine).subarray(0, 1)).toEqual(Buffer.from([0x30]));
    addHeaders(machine, NEWER);
    expect(await machine.setup('update')).toMatchObject({ code: 0 });
    expect(machine.read(module(NEWER))).toMatch(SIGNED);
    expect(made(await machine.install(KEPT))).toEqual([]);
    await machine.setup('uninstall');
    expect(machine.has('/etc/toa')).toBe(false);
  });

  it('a key that must not stay: leaves, also one of a former plan; a later kernel is refused, not left unsigned', async () => {
    const machine = signer(shell, { files: PAIR });
    await machine.install(KEPT);
    machine.write(PAIR);
    expect(await machine.install(ONCE)).toMatchObject({ code: 0 });
    const keys = Object.entries(machine.tree()).filter(([, entry]) => entry.includes('PRIVATE KEY'));
    expect(keys).toEqual([]);
    expect(machine.read(module(KERNEL))).toMatch(SIGNED);
    // What is there is good for itself.
    expect(await machine.install(ONCE)).toMatchObject({ code: 0 });
    addHeaders(machine, NEWER);
    expect(await machine.setup('update')).toMatchObject({
      code: 10,
      stderr: expect.stringContaining(`there is no key to sign the module for kernel ${NEWER}`),
    });
    expect(machine.has(module(NEWER))).toBe(false);
  });

  it('a plan that signs no more takes the key away', async () => {
    const machine = signer(shell, { files: PAIR });
    await machine.install(KEPT);
    expect(await machine.install(script())).toMatchObject({ code: 0 });
    expect(machine.has('/etc/toa/signing/key.pem')).toBe(false);
    expect(machine.read(module(KERNEL))).not.toMatch(SIGNED);
  });

  it('another key is another build', async () => {
    const machine = signer(shell, { files: PAIR });
    await machine.install(KEPT);
    const before = certificateOf(machine);
    machine.write({ '/run/toa-signing/key.pem': KEYS.key, '/run/toa-signing/certificate.pem': certificateOf(machine) });
    expect(made(await machine.install(KEPT))).toEqual([]);
    expect(certificateOf(machine)).toEqual(before);
    const { key, certificate } = makeKeys();
    machine.write({ '/run/toa-signing/key.pem': key, '/run/toa-signing/certificate.pem': certificate });
    expect(made(await machine.install(KEPT))).toEqual([KERNEL]);
    expect(certificateOf(machine)).not.toEqual(before);
  });

  it('a key of its own: made once, waits for who enrols it where Secure Boot is on', async () => {
    const refused = { 'modprobe-fails': "modprobe: ERROR: could not insert 'toa': Key was rejected by service\n" };
    const machine = signer(shell, { files: LOCKED_DOWN, steer: refused });
    const hint = expect.stringContaining('enrol it: mokutil --import');
    expect((await machine.install(MADE)).code).toBe(14);
    expect(receipt(machine)).toMatchObject({ step: 'load', reason: expect.stringContaining('Key was rejected'), hint });
    expect(machine.read(module(KERNEL))).toMatch(/subject=CN = TOA module key of /);
    const certificate = certificateOf(machine);
    expect((await machine.install(MADE)).code).toBe(10);
    expect(receipt(machine)).toMatchObject({ reason: expect.stringContaining('does not know the certificate'), hint });
    machine.steer({ 'modprobe-fails': null });
    machine.write(known(keyId(certificate)));
    expect(await machine.install(MADE)).toMatchObject({ code: 0 });
    expect(certificateOf(machine)).toEqual(certificate);
  });

  it('DKMS signs with its own key; one that is brought goes before it', async () => {
    const commands = ['gcc', 'make', 'strip', 'python3', 'dkms'];
    const own = signer(shell, { commands });
    const run = await own.install(MADE);
    expect([run.code, made(run), ran(run, 'dkms').some((line) => line.startsWith('dkms build'))]).toEqual([
      0,
      [],
      true,
    ]);
    expect(own.has('/etc/toa/signing')).toBe(false);
    own.write({
      ...LOCKED_DOWN,
      '/etc/dkms/framework.conf': 'mok_certificate="/keys/mok.pub"\n',
      '/keys/mok.pub': KEYS.certificate,
    });
    expect(await own.install(MADE, ['preflight'])).toMatchObject({
      code: 10,
      stderr: expect.stringMatching(/does not know the certificate \S+\/keys\/mok\.pub /),
    });
    own.write(known(keyId(KEYS.certificate)));
    expect(await own.install(MADE, ['preflight'])).toMatchObject({ code: 0 });
    const brought = signer(shell, { commands, files: PAIR });
    expect(made(await brought.install(KEPT))).toEqual([KERNEL]);
  });

  describe('preflight, before anything is changed', () => {
    const BAD: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
      ['no key', { '/run/toa-signing/certificate.pem': KEYS.certificate }, 'there is no key to sign the module'],
      ['no certificate', { '/run/toa-signing/key.pem': KEYS.key }, 'certificate.der is no certificate'],
      [
        'another certificate',
        { ...PAIR, '/run/toa-signing/key.pem': KEYS.other },
        'key and certificate do not belong together',
      ],
      [
        'an expired certificate',
        { ...PAIR, '/run/toa-signing/certificate.pem': KEYS.late },
        'the certificate has expired: notAfter=',
      ],
      [
        'a passphrase',
        { ...PAIR, '/run/toa-signing/key.pem': KEYS.locked },
        'no private key in PEM form without a passphrase',
      ],
      [
        'a certificate that the kernel does not know',
        { ...PAIR, ...LOCKED_DOWN },
        'Secure Boot is on, and the kernel does not know the certificate',
      ],
    ];

    it.each(BAD)('%s', async (_, files, said) => {
      const machine = signer(shell, { files });
      const before = machine.tree();
      const run = await machine.install(KEPT, ['preflight']);
      expect([run.code, run.stderr]).toEqual([10, expect.stringContaining(said)]);
      expect(machine.tree()).toEqual(before);
    });

    it('nothing to sign with', async () => {
      const machine = signer(shell, { files: PAIR });
      rmSync(join(machine.root, `lib/modules/${KERNEL}/build/scripts/sign-file`));
      expect(await machine.install(KEPT, ['preflight'])).toMatchObject({
        code: 10,
        stderr: expect.stringContaining('neither scripts/sign-file among the headers'),
      });
      machine.addCommand('kmodsign');
      expect(await machine.install(KEPT, ['preflight'])).toMatchObject({ code: 0 });
    });

    it('control: a good pair that the kernel knows', async () => {
      const machine = signer(shell, { files: { ...PAIR, ...LOCKED_DOWN, ...known(keyId(KEYS.certificate)) } });
      expect(await machine.install(KEPT, ['preflight'])).toMatchObject({ code: 0 });
      expect(await machine.install(script(), ['preflight'])).toMatchObject({
        code: 10,
        stderr: expect.stringContaining('Secure Boot is on: the kernel takes only signed modules'),
      });
    });
  });
});
