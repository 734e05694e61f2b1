import { spawnSync } from 'node:child_process';
import { constants, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import { inRepo } from '../support/cli.ts';
import { MODULE, makeGoodRoot, OLD, RELEASE, SPEC } from './good.ts';
import { judged } from './judged.ts';
import { HARMLESS, MUTATIONS, type Mutation, ONLY_LIVE } from './mutations.ts';
import { makeDisk, makeExt4, makeFat, makeLvm, makeXfs, scratch, sha256, tool } from './tree.ts';

const dir = scratch();
const at = (name: string): string => join(dir, name);
let root = '';

beforeAll(async () => {
  root = await makeGoodRoot();
  makeExt4(at('good.img'), root, '8M');
});

describe('a good image passes without a warning, and is not changed', () => {
  const KINDS: Readonly<Record<string, () => string>> = {
    directory: () => root,
    tar: () => packed('good.tar'),
    'tar.gz': () => packed('good.tar.gz', '-z'),
    'tar.xz': () => packed('good.tar.xz', '-J'),
    'tar.zst': () => packed('good.tar.zst', '--zstd'),
    'docker save': saved,
    'ext4 without a partition table': () => at('good.img'),
    'GPT with an EFI partition and a separate /boot': partitioned,
    XFS: () => {
      makeXfs(at('xfs.img'), root, []);
      return at('xfs.img');
    },
    LVM: () => {
      makeLvm(at('lvm.img'), 'group', { root: { content: at('good.img'), extents: [2, 5] } });
      return at('lvm.img');
    },
    qcow2: () => converted(at('good.img'), 'good.qcow2'),
    vmdk: () => converted(at('good.img'), 'good.vmdk'),
    'qcow2, compressed, of the partitioned disk': () => converted(partitioned(), 'disk.qcow2', '-c'),
  };

  it.each(Object.entries(KINDS))('%s', async (_, make) => {
    const what = make();
    const before = what === root ? '' : sha256(what);
    expect(await judged(dir, what, SPEC)).toMatchObject({ code: 0, outcome: 'holds', faults: [] });
    expect(await judged(dir, what, null)).toMatchObject({ code: 0, outcome: 'holds', faults: [] });
    expect(what === root ? '' : sha256(what)).toBe(before);
  });

  function packed(name: string, ...args: readonly string[]): string {
    tool('tar', '-C', root, ...args, '-cf', at(name), '.');
    return at(name);
  }

  function saved(): string {
    mkdirSync(at('docker/layer'), { recursive: true });
    tool('mv', packed('layer.tar'), at('docker/layer/layer.tar'));
    const manifest = [{ Config: 'c.json', RepoTags: ['x:1'], Layers: ['layer/layer.tar'] }];
    writeFileSync(at('docker/manifest.json'), JSON.stringify(manifest));
    tool('tar', '-C', at('docker'), '-cf', at('docker.tar'), '.');
    return at('docker.tar');
  }

  /** The same machine, with what lies in /boot on a partition of its own, where the boot loader sees it without that name. */
  function partitioned(): string {
    const uuid = '11111111-2222-3333-4444-555555555555';
    tool('rm', '-rf', at('parts'));
    tool('cp', '-a', root, at('parts'));
    makeExt4(at('boot.part'), at('parts/boot'), '8M', '-U', uuid);
    tool('rm', '-rf', at('parts/boot'));
    mkdirSync(at('parts/boot'));
    writeFileSync(at('parts/etc/fstab'), `UUID=${uuid} /boot ext4 defaults 0 2\n`);
    makeExt4(at('root.part'), at('parts'), '8M');
    makeDisk(at('disk.img'), 'label: gpt\n2048,4M,U\n10240,8M\n28672,8M\n', {
      1: makeFat(at('esp.part')),
      2: at('boot.part'),
      3: at('root.part'),
    });
    return at('disk.img');
  }

  function converted(from: string, name: string, ...args: readonly string[]): string {
    tool('qemu-img', 'convert', '-O', name.replace(/^.*\./, ''), ...args, from, at(name));
    return at(name);
  }
});

describe('a fault on the disk raises exactly its code', () => {
  it.each(MUTATIONS.map((one) => [one.raises[0], one.name, one] as const))('%s: %s', async (_, __, one) => {
    const { faults } = await judged(dir, mutated(one), one.spec);
    expect(faults).toEqual(one.raises);
  });

  it.each(HARMLESS.map((one) => [one.name, one] as const))('nothing: %s', async (_, one) => {
    expect(await judged(dir, mutated(one), one.spec)).toMatchObject({ code: 0, faults: [] });
  });

  it('and every code has one', () => {
    const raised = MUTATIONS.flatMap(({ raises }) => raises.map((fault) => fault.split(' ')[1]));
    const never = CHECKS.map(({ code }) => code).filter((code) => !raised.includes(code));
    expect(never.sort()).toEqual(Object.keys(ONLY_LIVE).sort());
  });

  function mutated({ script }: Mutation): string {
    const image = at('mutated.img');
    copyFileSync(at('good.img'), image, constants.COPYFILE_FICLONE);
    rmSync(at('work'), { recursive: true, force: true });
    mkdirSync(at('work'));
    const variables = {
      IMAGE: image,
      T: at('work'),
      R: RELEASE,
      OLD,
      MODULE,
      PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
    };
    const ko = `/lib/modules/${RELEASE}/updates/toa/toa.ko`;
    const text = `set -e; . "$0"; ${script}`;
    const run = spawnSync('sh', ['-c', text, inRepo('test/image/mutate.sh')], {
      env: { ...process.env, ...variables, KO: ko },
      encoding: 'utf8',
    });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    // Still a file system: 4 is for the blocks of what was unlinked.
    expect([0, 4]).toContain(spawnSync('e2fsck', ['-fn', image]).status);
    return image;
  }
});
