/** The validator on whole disks that boot by themselves, and on a machine behind a real sshd. */

import { createHash } from 'node:crypto';
import { chmodSync, createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { Finding } from '../../src/checks/types.ts';
import type { Report } from '../../src/report/types.ts';
import { type BootDisk, bootDisk, otherKind, SPEC } from '../support/boot-disk.ts';
import { inRepo } from '../support/cli.ts';
import { bootMachine, type Machine } from '../support/machine.ts';

let folder: string;
let good: BootDisk;
let plain: BootDisk;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'toa-bake-validate-'));
  writeFileSync(join(folder, 'toa.yaml'), SPEC);
  [plain, good] = await Promise.all([bootDisk('bios', 'plain'), bootDisk('bios', 'ours')]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Judged {
  readonly code: number | undefined;
  readonly report: Report;
  /** Findings of the codes that begin so, in their order. */
  readonly of: (code: string) => readonly Finding[];
}

/** The built program's verdict by the spec. */
async function validate(what: string, options: readonly string[] = [], path = process.env.PATH): Promise<Judged> {
  const argv = [inRepo('dist/toa-bake.js'), 'validate', what, '--spec', 'toa.yaml', '--format', 'json', ...options];
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  const { exitCode, stdout, stderr } = await execa('node', argv, {
    cwd: folder,
    reject: false,
    env: { PATH: path, TMPDIR: temporary },
  });
  expect(stderr).toBe('');
  expect(readdirSync(temporary)).toEqual([]);
  const report: Report = JSON.parse(stdout);
  const of = (code: string): readonly Finding[] =>
    report.images.flatMap((image) => image.findings.filter((finding) => finding.code.startsWith(code)));
  return { code: exitCode, report, of };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

const statuses = (findings: readonly Finding[]) => findings.map(({ status }) => status);
const cases = ([finding]: readonly Finding[]) => finding?.evidence.map(({ path }) => path);

// Side by side: one emulated machine keeps about one core busy.
describe.concurrent('--boot', () => {
  it('control: a plain Debian has no reader, and the probe sees the scrubber', async () => {
    const cold = await validate(plain.path);
    expect(cold.code).toBe(1);
    expect(statuses(cold.of('running/'))).toEqual(['skipped', 'skipped', 'skipped']);
    const { code, of } = await validate(plain.path, ['--boot']);
    expect(code).toBe(1);
    expect(of('running/not-loaded')).toMatchObject([{ status: 'fails' }]);
    expect(of('running/probe')).toMatchObject([{ status: 'fails' }]);
    expect(of('running/probe')[0]?.message).toMatch(/^trusted-ipv4, kind 254: accept\(\) shows 198\.18\.7\./);
  });

  it('an image that is right: passes cold and booted, and is only read', async () => {
    const hash = await hashOf(good.path);
    const cold = await validate(good.path);
    const wrong = cold.report.images[0]?.findings.filter(({ status }) => status === 'fails' || status === 'unknown');
    expect(wrong).toEqual([]);
    expect(cold.code).toBe(0);
    const { code, of } = await validate(good.path, ['--boot']);
    expect(statuses(of('running/'))).toEqual(['holds', 'skipped', 'holds']);
    expect(of('running/not-loaded')[0]?.message).toBe(`toa is loaded on ${good.disk.release}`);
    expect(cases(of('running/probe'))).toEqual(['control', 'trusted-ipv4', 'trusted-dual', 'untrusted-ipv4']);
    expect(code).toBe(0);
    expect(await hashOf(good.path)).toBe(hash);
  });

  it('loaded, but set to another option kind: lsmod shows it, the probe does not', async () => {
    const image = await otherKind(good, folder);
    const { code, of } = await validate(image, ['--boot']);
    expect(of('running/not-loaded')).toMatchObject([{ status: 'holds' }]);
    expect(of('running/probe')).toMatchObject([{ status: 'fails' }]);
    expect(of('running/probe')[0]?.message).toMatch(/^trusted-ipv4, kind 254/);
    expect(code).toBe(1);
  });
});

/** A port of the loopback that nobody uses now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}

/** ssh as a user has it who wrote a configuration: only from there comes where `toa-test` is. Returns the folder for PATH. */
async function sshConfiguration(port: number): Promise<{ readonly bin: string; readonly publicKey: string }> {
  const bin = mkdtempSync(join(folder, 'ssh-'));
  const key = join(bin, 'key');
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const config = [
    'Host toa-test',
    'HostName 127.0.0.1',
    `Port ${port}`,
    'User root',
    `IdentityFile ${key}`,
    'IdentitiesOnly yes',
  ];
  const known = ['StrictHostKeyChecking no', `UserKnownHostsFile ${join(bin, 'known')}`, 'LogLevel ERROR'];
  writeFileSync(join(bin, 'config'), [...config, ...known, ''].join('\n'));
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${join(bin, 'config')} "$@"\n`);
  chmodSync(join(bin, 'ssh'), 0o755);
  return { bin, publicKey: readFileSync(`${key}.pub`, 'utf8') };
}

/** A reader that believes everybody, behind a packet filter that does not. */
const TABLE = `table inet toa {
  chain strip {
    type filter hook prerouting priority raw;
    tcp option 254 exists ip saddr != 198.18.7.0/24 reset tcp option 254
  }
}`;

async function machineWithSsh({ onTestFinished }: TestContext, publicKey: string, sshPort: number): Promise<Machine> {
  const { disk, root } = good;
  const vm = await bootMachine({
    name: 'validate-ssh',
    disk,
    dataSource: 'none',
    network: false,
    startFrom: root,
    sshPort,
  });
  onTestFinished(() => vm.discard());
  const prepare = `ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key </dev/null
    mkdir -p /root/.ssh && cat >/root/.ssh/authorized_keys
    until systemctl is-active -q multi-user.target; do sleep 0.5; done
    systemctl restart ssh`;
  expect(await vm.run(prepare, { input: publicKey })).toMatchObject({ code: 0 });
  return vm;
}

describe('ssh://', () => {
  it('a machine behind a real sshd is judged as its image is; --probe obeys its packet filter', async (test) => {
    const port = await freePort();
    const { bin, publicKey } = await sshConfiguration(port);
    const path = `${bin}:${process.env.PATH}`;
    const unreached = await validate('ssh://toa-test', ['--probe'], path);
    expect(unreached).toMatchObject({ code: 3, report: { outcome: 'unknown' } });

    const vm = await machineWithSsh(test, publicKey, port);
    const seen = await validate('ssh://toa-test', ['--probe'], path);
    expect(seen.report.images[0]).toMatchObject({
      source: { kind: 'ssh', live: true },
      os: expect.stringContaining('bookworm'),
    });
    expect(seen.of('running/not-loaded')).toMatchObject([{ status: 'holds' }]);
    expect(cases(seen.of('running/probe'))).toEqual(['control', 'trusted-ipv4', 'trusted-dual', 'untrusted-ipv4']);
    expect(seen.code).toBe(0);

    await vm.run('echo any >/sys/module/toa/parameters/trusted');
    const believing = await validate('ssh://toa-test', ['--probe'], path);
    expect(believing.of('running/probe')[0]).toMatchObject({
      status: 'fails',
      message: expect.stringContaining('untrusted-ipv4'),
    });
    expect(await vm.run('nft -f -', { input: TABLE })).toMatchObject({ code: 0 });
    const filtered = await validate('ssh://toa-test', ['--probe'], path);
    expect(filtered.of('running/probe')).toMatchObject([{ status: 'holds' }]);
    expect((await vm.run('ip netns list; ls /tmp')).stdout).not.toMatch(/tmp\./);
  });
});
