/** What runs on the machine that is baked: static shell, told apart from what the rendered template says. */

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder, inRepo, type Layout } from '../support/cli.ts';

const SCRIPTS = inRepo('packer/scripts');
const names = readdirSync(SCRIPTS);

describe('every script of packer/', () => {
  it.each(names)('%s has no fault that shellcheck knows, and every shell reads it', (name) => {
    const path = join(SCRIPTS, name);
    expect(spawnSync('shellcheck', ['-S', 'style', path], { encoding: 'utf8' }).stdout).toBe('');
    for (const shell of [['dash'], ['bash', '--posix'], ['busybox', 'ash']]) {
      const [program = '', ...options] = shell;
      expect(spawnSync(program, [...options, '-n', path], { encoding: 'utf8' }).stderr, program).toBe('');
    }
  });
});

/** A script run where /var/lib is empty but for `files`, /root/bin comes first on PATH, and nothing reaches the machine's own. */
async function run(name: string, files: Layout, env: Readonly<Record<string, string>> = {}) {
  return await inFolder(files, (folder) => {
    const enter = `mount -t tmpfs tmpfs /var/lib
      [ ! -d "$1/lib" ] || cp -r "$1/lib/." /var/lib
      mkdir -p "$1/bin" && chmod -R 755 "$1/bin"
      PATH=$1/bin:$PATH exec sh "$2"`;
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['--map-root-user', '--mount', 'sh', '-ec', enter, 'enter', folder, join(SCRIPTS, name)],
      { encoding: 'utf8', env: { PATH: process.env.PATH, ...env } },
    );
    return { code: status, stdout, stderr };
  });
}

describe('install.sh', () => {
  it('takes the script and what came beside it away when it has run', async () => {
    await inFolder(
      { 'home/install-toa.sh': 'ls "$HOME/toa-files"; exit 17\n', 'home/toa-files/a.ko': 'a', 'home/other': '' },
      async (folder) => {
        const said = await run('install.sh', {}, { HOME: join(folder, 'home') });
        expect(said).toEqual({ code: 0, stdout: 'a.ko\n', stderr: '' });
        expect(readdirSync(join(folder, 'home'))).toEqual(['other']);
      },
    );
  });
});

describe('the signing key', () => {
  it('has a folder for who logs in, in memory, which install.sh takes away', async () => {
    await inFolder({ 'install-toa.sh': 'stat -c "%a %u" /run/toa-signing; exit 17\n' }, (folder) => {
      const steps = `mount -t tmpfs tmpfs /run
        mkdir /run/toa-signing && echo old >/run/toa-signing/key.pem
        sh ${join(SCRIPTS, 'signing.sh')} && ls /run/toa-signing
        mount -t tmpfs tmpfs /var/lib && sh ${join(SCRIPTS, 'install.sh')} ${join(folder, 'install-toa.sh')}
        [ ! -e /run/toa-signing ]`;
      const enter = ['--map-root-user', '--mount', 'sh', '-ec', steps];
      expect(spawnSync('unshare', enter, { encoding: 'utf8' })).toMatchObject({
        status: 0,
        stdout: '700 0\n',
        stderr: '',
      });
    });
  });
});

describe('wait.sh', () => {
  const cloudInit = (status: string): Layout => ({
    'bin/cloud-init': `#!/bin/sh\ncase $1 in\n--help) echo '{init,modules,status}' ;;\nstatus) ${status} ;;\nesac\n`,
  });

  it.each([
    ['done', 'exit 0', 0],
    ['degraded', 'exit 2', 0],
    ['failed', "echo 'status: error'; exit 1", 1],
  ])('cloud-init is %s', async (_, status, code) => {
    const said = await run('wait.sh', cloudInit(status));
    expect(said.code).toBe(code);
    expect(said.stderr).toBe(
      code === 0 ? '' : 'status: error\nwait for cloud-init: it failed; this machine is nothing to make an image of\n',
    );
  });

  it('one that cannot be asked: waits for the file that it writes last', async () => {
    const old = `#!/bin/sh
[ "$1" != --help ] || { echo '{init,modules}'; (sleep 2; mkdir -p /var/lib/cloud/instance; : >/var/lib/cloud/instance/boot-finished) & }
`;
    const started = Date.now();
    expect(await run('wait.sh', { 'bin/cloud-init': old })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(Date.now() - started).toBeGreaterThan(1900);
  });
});

describe('judge.sh', () => {
  const report = (code: string, result: string): Layout => ({
    'lib/toa/report/code': `${code}\n`,
    'lib/toa/report/receipt.json': `{\n"receipt": 1, "result": "${result}",\n"kernels": [{"release": "6.1.0-1"}]\n}\n`,
    'lib/toa/report/output':
      'toa-setup: building for kernel 6.1.0-1\ntoa-setup: load: the kernel did not take the reader\n',
    'lib/toa/report/log': '== output\n== build.log\n== dmesg\n[1.0] toa: a reason\n',
  });

  it('is content with a reader that was seen to work, and with nothing else', async () => {
    expect(await run('judge.sh', report('0', 'ok'))).toMatchObject({ code: 0, stderr: '' });
    const others: readonly (readonly [string, string])[] = [
      ['14', 'failed'],
      ['0', 'reboot-needed'],
      ['3', 'unknown'],
      ['0', 'failed'],
      ['1', 'ok'],
    ];
    for (const [code, result] of others) {
      const said = await run('judge.sh', report(code, result));
      expect(said.code, `${code} ${result}`).toBe(1);
    }
  });

  it('says the reason last, and before it what led there', async () => {
    const { stdout } = await run('judge.sh', report('14', 'failed'));
    expect(stdout).toContain('[1.0] toa: a reason\n');
    expect(stdout.split('\n').slice(-3)).toEqual([
      'the image is not built: toa-setup: load: the kernel did not take the reader',
      '(result failed, exit code 14; log and receipt are in the report directory)',
      '',
    ]);
  });

  it('fails where nothing was left to judge', async () => {
    const said = await run('judge.sh', {});
    expect(said.code).toBe(1);
    expect(said.stdout).toContain('the image is not built');
  });
});

describe('upgrade.sh and reboot.sh', () => {
  const spies: Layout = Object.fromEntries(
    ['apt-get', 'reboot', 'systemctl', 'sleep'].map((name) => [
      `bin/${name}`,
      `#!/bin/sh\necho "${name} $*" >>/var/lib/called\n[ ${name} != sleep ] || cat /var/lib/called\n`,
    ]),
  );

  it('do nothing unless asked', async () => {
    const asked = { UPGRADE_KERNEL: 'false', REBOOT: 'false' };
    const there = { ...spies, 'lib/toa/report/boot': 'x\n' };
    for (const name of ['upgrade.sh', 'reboot.sh']) {
      expect(await run(name, there, asked)).toEqual({ code: 0, stdout: '', stderr: '' });
    }
    expect(await run('reboot.sh', spies, { REBOOT: 'true' })).toEqual({ code: 0, stdout: '', stderr: '' });
    const rebooting = await run('reboot.sh', there, { REBOOT: 'true' });
    expect(rebooting.stdout).toContain('systemctl reboot\nsleep 300\n');
  });
});
