import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { testDamage } from './damage.ts';
import { makeGoodRoot, OLD, RELEASE, SPEC } from './good.ts';
import { judged, startLimits } from './judged.ts';
import { makeExt4, scratch, tool } from './tree.ts';

const dir = scratch();
const at = (name: string): string => join(dir, name);
const MODULE = `lib/modules/${RELEASE}/updates/toa/toa.ko`;
const RECEIPT = 'var/lib/toa/receipt.json';
let root = '';

beforeAll(async () => {
  root = await makeGoodRoot();
  makeExt4(at('good.img'), root, '8M');
});

// 500 rounds of each are in test/vm/damage.test.ts.
describe('random damage', () => testDamage(50));

/** A copy of the good machine's folder, changed. */
function changed(name: string, change: (path: (inside: string) => string) => void): string {
  const copy = at(name);
  rmSync(copy, { recursive: true, force: true });
  cpSync(root, copy, { recursive: true, verbatimSymlinks: true });
  change((inside) => join(copy, inside));
  return copy;
}

/** The same as a folder, a tar and a disk. */
function asImages(folder: string): readonly string[] {
  tool('tar', '-C', folder, '-S', '-cf', `${folder}.tar`, '.');
  makeExt4(`${folder}.img`, folder, '16M');
  return [folder, `${folder}.tar`, `${folder}.img`];
}

const JUDGED: readonly string[] = [
  MODULE,
  RECEIPT,
  'etc/os-release',
  'etc/toa/toa.env',
  'etc/toa/trusted',
  'etc/modprobe.d/toa.conf',
  'etc/systemd/system/toa.service',
  'boot/grub/grub.cfg',
  `boot/vmlinuz-${RELEASE}`,
  `lib/modules/${RELEASE}/modules.dep.bin`,
  'var/lib/dpkg/status',
];

/** Of these nobody asks more than whether they are there, or not even that. */
const ONLY_THERE = [
  `^/boot/vmlinuz-${OLD}$`,
  '^/etc/(hostname|kernel/postinst.d/dkms)$',
  '^/lib/modules/[^/]+/modules\\.(alias|builtin\\.|softdep|symbols)[.a-z]*$',
  '^/lib/modules/[^/]+/build/(Makefile|.config)$',
  '^/usr/s?bin/[^/]+$',
  '^/usr/lib/systemd/',
  '^/var/lib/toa/(built/.*|files|verify.json)$',
].join('|');

describe('an image that means harm', () => {
  it('extents outside of the disk: whatever file it is, what it decides is unknown', async () => {
    const limits = startLimits();
    const files = tool('find', root, '-type', 'f', '-size', '+0', '-printf', '/%P\n').trim().split('\n').sort();
    const passed: string[] = [];
    for (const name of files) {
      tool('cp', at('good.img'), at('harm.img'));
      tool('debugfs', '-w', '-R', `sif "${name}" block[5] 0x7fffffff`, at('harm.img'));
      const { code, faults } = await judged(dir, at('harm.img'), null);
      expect(code === 0 || faults.some((fault) => fault.startsWith('unknown')), name).toBe(true);
      if (code === 0) passed.push(name);
      limits.check();
    }
    expect(passed.filter((name) => !new RegExp(ONLY_THERE).test(name))).toEqual([]);
    expect(files.length - passed.length).toBeGreaterThan(25);
  });

  it('a link that leads to itself is no pass, one that leads out to what would be right is none at all', async () => {
    const folder = changed('link', () => {});
    for (const name of JUDGED) {
      const path = join(folder, name);
      const judgedWith = async (target: string | null): Promise<number> => {
        rmSync(path, { force: true });
        if (target !== null) symlinkSync(target, path);
        return (await judged(dir, folder, SPEC)).code;
      };
      expect(await judgedWith(name.replace(/^.*\//, '')), name).not.toBe(0);
      const missing = await judgedWith(null);
      const outside = join(root, name);
      expect(await judgedWith(outside), name).toBe(missing);
      expect(await judgedWith(`${'../'.repeat(20)}${outside}`), name).toBe(missing);
      rmSync(path, { force: true });
      tool('cp', '-a', outside, path);
    }
    expect(await judged(dir, folder, SPEC)).toMatchObject({ outcome: 'holds' });
  });

  it('links to what is outside: neither read nor written', async () => {
    const outside = at('outside');
    const names = JUDGED.filter((name) => name !== 'etc/os-release');
    const folder = changed('escape', (path) => {
      for (const name of names) {
        mkdirSync(dirname(join(outside, name)), { recursive: true });
        tool('cp', '-a', path(name), join(outside, name));
        rmSync(path(name));
        symlinkSync(join('/'.repeat(2), '../'.repeat(20), outside, name), path(name));
      }
      writeFileSync(join(outside, 'etc/toa/trusted'), '192.0.2.77/32\n');
    });
    // Whoever reads a file that was not read for so long changes its time of access.
    tool('find', outside, '-type', 'f', '-exec', 'touch', '-a', '-d', '3 days ago', '{}', '+');
    const look = (): string => tool('find', outside, '-type', 'f', '-printf', '%p %s %T@ %A@ %C@\n');
    const before = look();
    for (const image of asImages(folder)) {
      const { code, text } = await judged(dir, image, null);
      expect(code).not.toBe(0);
      expect(text).not.toContain('192.0.2.77');
    }
    expect(look()).toBe(before);
  });

  it('1 TiB: a file that is judged, and the image itself', async () => {
    const limits = startLimits();
    for (const name of [MODULE, 'etc/toa/trusted', `lib/modules/${RELEASE}/modules.dep`]) {
      const folder = changed('huge', (path) => truncateSync(path(name), 2 ** 40));
      const { code, messages } = await judged(dir, folder, SPEC);
      expect(code).toBe(3);
      expect(messages).toContain('1099511627776 bytes');
      limits.check();
    }
    tool('cp', '--sparse=always', at('good.img'), at('huge.img'));
    truncateSync(at('huge.img'), 2 ** 40);
    expect(await judged(dir, at('huge.img'), SPEC)).toMatchObject({ code: 0 });
    limits.check();
  });

  it('a bomb of toa.ko.xz: unknown, because', async () => {
    const limits = startLimits();
    const folder = changed('bomb', (path) => {
      rmSync(path(MODULE));
      tool('sh', '-c', 'head -c 200M /dev/zero | xz -0 >"$1"', 'sh', path(`${MODULE}.xz`));
    });
    const { code, messages } = await judged(dir, folder, SPEC);
    expect(code).not.toBe(0);
    expect(messages).toMatch(/unpacks to more than \d+ bytes/);
    limits.check();
  });

  it.each(['text', 'json', 'junit', 'html'])(
    'names with line feeds and escape sequences never reach a terminal: %s',
    async (format) => {
      const evil = '\u001b[31m\u001b]0;owned\u0007\n\u009b2J\r';
      const folder = changed('names', (path) => {
        const put = (name: string, text = 'x\n'): void => {
          mkdirSync(dirname(path(name)), { recursive: true });
          writeFileSync(path(name), text);
        };
        put(`etc/ssh/ssh_host_${evil}_key`);
        put(`tmp/packer${evil}`);
        put(`home/${evil}/.ssh/authorized_keys`);
        put(`var/lib/cloud/instances/${evil}/x`);
        put(`lib/modules/6.9${evil}/kernel/x`);
        put(`lib/modules/6.9${evil}/updates/toa.ko`);
        put(
          `etc/modprobe.d/${evil}.conf`,
          `blacklist toa ${evil}\ninstall toa ${evil}\noptions toa ${evil}=1 kind${evil}=2\n`,
        );
        put(`etc/nftables.d/${evil}`, `tcp option 254 exists drop ${evil}\n`);
        put('etc/os-release', `PRETTY_NAME="Debian ${evil.replace('\n', '')}"\nID=debian\nVERSION_ID="12"\n`);
        put('etc/rc.local', `#!/bin/sh\nmodprobe toa ${evil}\ninsmod /lib/${evil.replace('\n', '')}/toa.ko\n`);
        put('etc/toa/trusted', `198.18.7.0/24\n${evil}\n`);
        put(
          'var/lib/toa/receipt.json',
          JSON.stringify({ ...JSON.parse(readFileSync(path(RECEIPT), 'utf8')), result: 'failed', reason: evil }),
        );
        put('var/lib/dpkg/status', `Package: x${evil.replace('\n', '')}\nStatus: install ok half-installed\n`);
        chmodSync(path('etc/rc.local'), 0o755);
      });
      for (const image of asImages(folder)) {
        const { code, stdout, stderr } = await runCli(dir, ['validate', image, '--format', format]);
        expect(code).toBe(1);
        expect(stdout).toContain('ssh_host_');
        expect(`${stdout}${stderr}`).not.toMatch(/(?!\n|\t)\p{Cc}/u);
      }
    },
  );
});
