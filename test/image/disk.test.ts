import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openReader } from '../../src/image/open.ts';
import {
  describeImage,
  makeDisk,
  makeFat,
  makeLvm,
  makeRoot,
  makeSmallRoot,
  makeXfs,
  opened,
  pseudoRandom,
  scratch,
  sha256,
  textOf,
  tool,
} from './tree.ts';

const dir = scratch();
const root = join(dir, 'root');
let ext4: string;
let expected: Readonly<Record<string, string>>;

beforeAll(async () => {
  makeRoot(root);
  expected = await describeImage(root);
  ext4 = makeExt('plain.img', '-t', 'ext4');
});

/** mke2fs with these arguments gives a file system of the tree. */
function makeExt(name: string, ...args: readonly string[]): string {
  const path = join(dir, name);
  tool('mke2fs', '-q', '-F', '-d', root, '-N', '1024', ...args, path, '10M');
  return path;
}

const inDir = (program: string, ...args: readonly string[]): string => tool('env', '-C', dir, program, ...args);

async function whyOf(name: string): Promise<string> {
  const found = await openReader(join(dir, name));
  return found.state === 'unknown' ? found.why : found.state;
}

/** mke2fs itself cuts a sparse file short when it may put data into inodes. */
function without(tree: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  return name === 'ext4 with inline data' ? { ...tree, '/var/sparse': '' } : tree;
}

describe('a file system without partitions', () => {
  it.each([
    ['ext4', ['-t', 'ext4']],
    ['ext4 with blocks of 1024', ['-t', 'ext4', '-b', '1024']],
    ['ext4 with directories that have an index', ['-t', 'ext4', '-b', '1024']],
    ['ext4 without 64bit', ['-t', 'ext4', '-O', '^64bit']],
    ['ext4 with inline data', ['-t', 'ext4', '-O', 'inline_data', '-I', '256']],
    ['ext4 with meta_bg', ['-t', 'ext4', '-b', '1024', '-O', 'meta_bg,^resize_inode', '-g', '256']],
    ['ext4 with bigalloc', ['-t', 'ext4', '-O', 'bigalloc', '-C', '16384']],
    ['ext4 without extents', ['-t', 'ext4', '-O', '^extents,^64bit']],
    ['ext4 with sparse_super2', ['-t', 'ext4', '-O', 'sparse_super2']],
    ['ext4 with inodes of 1024', ['-t', 'ext4', '-I', '1024']],
    ['ext3', ['-t', 'ext3', '-b', '1024']],
    ['ext2', ['-t', 'ext2', '-b', '1024', '-O', '^filetype']],
    ['ext2 of revision 0', ['-t', 'ext2', '-r', '0', '-O', 'none']],
  ])('%s', async (name, args) => {
    const image = makeExt(`${name}.img`, ...args);
    // The index that large directories have is not made by mke2fs, but by the kernel and by e2fsck.
    if (name.endsWith('an index')) spawnSync('e2fsck', ['-fyD', image]);
    const before = sha256(image);
    expect(without(await describeImage(image), name)).toEqual(without(expected, name));
    expect(sha256(image)).toBe(before);
  });

  it('ext4 with a directory that the kernel gave an index when it grew', async () => {
    const image = makeExt('grown.img', '-t', 'ext4', '-b', '1024');
    // Not e2fsck: the kernel leaves the checksum's place of the block that it was before.
    const grow =
      'mount -o loop "$1" /mnt && mkdir /mnt/grown && cd /mnt/grown && seq -f file-of-a-longer-name-%g 300 | xargs touch';
    tool('unshare', '--mount', 'sh', '-ec', grow, 'grow', image);
    expect(tool('debugfs', '-R', 'stat /grown', image)).toMatch(/Flags: 0x8?1000/);
    const names = Object.keys(await describeImage(image)).filter((path) => path.startsWith('/grown/'));
    expect(names).toHaveLength(300);
  });
});

describe('XFS', () => {
  it.each([
    ['as it is made today', []],
    ['with small blocks and large directory blocks', ['-b', 'size=1024', '-n', 'size=8192']],
    ['with large inodes', ['-i', 'size=2048']],
  ])('%s', async (_, args) => {
    const image = join(dir, 'xfs.img');
    makeXfs(image, root, args);
    expect(await describeImage(image)).toEqual(await describeImage(`${image}.tree`));
  });

  it('of version 4', async () => {
    const image = join(dir, 'xfs4.img');
    const prototype = [
      'etc d--755 0 0',
      `passwd ---644 0 0 ${join(root, 'etc/passwd')}`,
      'alias l--777 0 0 passwd',
      '$',
      'many d--755 0 0',
      ...Array.from({ length: 150 }, (_, i) => `a_name_that_is_rather_long_${i} ---644 0 0 ${join(root, 'var/empty')}`),
      '$',
      `large ---644 0 0 ${join(root, 'var/large')}`,
      '$',
      '',
    ];
    writeFileSync(join(dir, 'prototype'), ['boot', '0 0', 'd--755 0 0', ...prototype].join('\n'));
    tool('truncate', '-s', '310M', image);
    tool('mkfs.xfs', '-q', '-f', '-m', 'crc=0', '-p', join(dir, 'prototype'), image);
    const reader = await opened(image);
    expect(await textOf(reader, '/etc/alias')).toContain('root:');
    expect(await reader.list('/many')).toMatchObject({ value: { length: 150 } });
    expect(await reader.read('/large')).toEqual({ state: 'known', value: pseudoRandom(500_000) });
    await reader.close();
  });

  it('that was not unmounted: unknown, because', async () => {
    const image = join(dir, 'xfs-dirty.img');
    makeXfs(image, root, [], 'cp --sparse=always "$1" "$1.dirty"');
    expect(await whyOf('xfs-dirty.img.dirty')).toMatch(/XFS that was not unmounted/);
    expect(await whyOf('xfs-dirty.img')).toBe('known');
  });
});

describe('a file system that only the kernel reads', () => {
  it('btrfs: by way of a mount that nobody sees', async () => {
    const image = join(dir, 'btrfs.img');
    tool('truncate', '-s', '120M', image);
    tool('mkfs.btrfs', '-q', '--rootdir', root, image);
    const before = sha256(image);
    expect(await describeImage(image)).toEqual(expected);
    expect(sha256(image)).toBe(before);
    expect(tool('losetup', '-a')).not.toContain('toa-bake-');
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain('toa-bake-');
  });

  it('btrfs with its root in a subvolume, and others beside it', async () => {
    const top = join(dir, 'btrfs-top');
    makeSmallRoot(join(top, '@'));
    const fstab = ['/ @', '/home @home', '/srv @gone'].map(
      (line) => `UUID=${UUID} ${line.replace(' ', ' btrfs subvol=')} 0 0`,
    );
    writeFileSync(join(top, '@/etc/fstab'), fstab.join('\n'));
    for (const folder of ['@/home', '@/srv', '@home/somebody']) mkdirSync(join(top, folder), { recursive: true });
    tool('truncate', '-s', '120M', join(dir, 'top.img'));
    tool('mkfs.btrfs', '-q', '-U', UUID, '--rootdir', top, join(dir, 'top.img'));
    const reader = await opened(join(dir, 'top.img'));
    expect(await textOf(reader, '/etc/os-release')).toBe('ID=debian\n');
    expect(await reader.list('/home')).toEqual({ state: 'known', value: ['somebody'] });
    expect(await reader.list('/srv')).toEqual({
      state: 'unknown',
      why: '/srv is the subvolume @gone, which is not read here',
    });
    await reader.close();
  });

  it('one that is damaged: unknown, because', async () => {
    const content = readFileSync(join(dir, 'btrfs.img'));
    content.fill(0xff, 65600 + 8, 65600 + 4000);
    writeFileSync(join(dir, 'bad-btrfs.img'), content);
    expect(await whyOf('bad-btrfs.img')).toMatch(/^no root file system could be read \(mount: /);
  });
});

describe('a file system that was not unmounted', () => {
  it.each([[[]], [['-c']]])('is read as its journal says: %j', async (sums) => {
    const image = makeExt('dirty.img', '-t', 'ext4', '-b', '1024');
    const block = (path: string): string => tool('debugfs', '-R', `bmap ${path} 0`, image).trim();
    writeFileSync(join(dir, 'one'), Buffer.concat([Buffer.from('ID=journal\n'), Buffer.alloc(1013)]));
    // Begins as the journal's own blocks do, so that it is kept in disguise.
    writeFileSync(join(dir, 'two'), Buffer.concat([Buffer.from('c03b3998', 'hex'), Buffer.alloc(1020, 'x')]));
    const [one, two, three] = [block('/usr/lib/os-release'), block('/etc/passwd'), block('/inline/100')];
    const commands = [`jo ${sums.join(' ')}`, `jw -b ${one} one`, `jw -b ${two},${three} two`, `jw -r ${three}`, 'jc'];
    writeFileSync(join(dir, 'commands'), commands.join('\n'));
    inDir('debugfs', '-w', '-f', 'commands', 'dirty.img');
    expect(tool('dumpe2fs', '-h', image)).toContain('needs_recovery');
    const found = await describeImage(image);
    expect(found).not.toEqual(expected);
    expect(found['/hard']).toEqual(expected['/hard']);
    spawnSync('e2fsck', ['-fy', image]);
    expect(tool('dumpe2fs', '-h', image)).not.toContain('needs_recovery');
    expect(await describeImage(image)).toEqual(found);
  });
});

describe('an image format', () => {
  it.each([
    ['qcow2', ['-f', 'qcow2']],
    ['qcow2 of version 2', ['-f', 'qcow2', '-o', 'compat=0.10']],
    ['qcow2 with clusters of 512', ['-f', 'qcow2', '-o', 'cluster_size=512']],
    ['qcow2 with clusters of 2 MiB', ['-f', 'qcow2', '-o', 'cluster_size=2M']],
    ['qcow2 with extended L2 entries', ['-f', 'qcow2', '-o', 'extended_l2=on']],
    ['compressed qcow2', ['-f', 'qcow2', '-c']],
    ['compressed qcow2 of version 2', ['-f', 'qcow2', '-c', '-o', 'compat=0.10']],
    ['compressed qcow2 with zstd', ['-f', 'qcow2', '-c', '-o', 'compression_type=zstd']],
  ])('%s', async (name, args) => {
    const image = join(dir, `${name}.qcow2`);
    tool('qemu-img', 'convert', '-O', 'qcow2', ...args.slice(2), ext4, image);
    expect(await describeImage(image)).toEqual(expected);
  });

  it.each([
    ['vmdk', []],
    ['vmdk', ['-o', 'subformat=streamOptimized']],
    ['vdi', []],
    ['vhdx', []],
    ['vpc', []],
  ])('%s %j, by way of qemu-img', async (format, args) => {
    const image = join(dir, `of.${format}`);
    tool('qemu-img', 'convert', '-O', format, ...args, ext4, image);
    expect(await describeImage(image)).toEqual(expected);
  });

  it('a VMDK that leads to other files: unknown, because', async () => {
    inDir('qemu-img', 'convert', '-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentFlat', ext4, 'split.vmdk');
    expect(await whyOf('split.vmdk')).toMatch(/^it is a VMDK in several files/);
    inDir('qemu-img', 'create', '-q', '-f', 'vmdk', '-b', 'of.vmdk', '-F', 'vmdk', 'child.vmdk');
    expect(await whyOf('child.vmdk')).toMatch(/^it is a VMDK that needs other files/);
  });

  it('a disk image that is packed', async () => {
    tool('sh', '-c', 'gzip -c "$1" > "$2"', 'sh', ext4, join(dir, 'disk.gz'));
    expect(await describeImage(join(dir, 'disk.gz'))).toEqual(expected);
  });

  it.each([
    ['qcow2 over raw', 'raw'],
    ['qcow2 over qcow2', 'qcow2'],
  ])('%s, named from where it lies', async (name, format) => {
    const [base, middle, overlay] = ['base', 'middle', 'overlay'].map((part) => `${name} ${part}.img`);
    tool('qemu-img', 'convert', '-O', format, ext4, join(dir, `${base}`));
    inDir('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', `${base}`, '-F', format, `${middle}`);
    inDir('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', `${middle}`, '-F', 'qcow2', `${overlay}`);
    expect(await describeImage(join(dir, `${overlay}`))).toEqual(expected);
    // Blocks of the middle hide those of the base.
    inDir('qemu-io', '-f', 'qcow2', '-c', 'write -P 0 0 64k', `${middle}`);
    expect(await openReader(join(dir, `${overlay}`))).toMatchObject({ state: 'unknown' });
  });

  it.each([
    ['encrypted', 35, 'it is encrypted'],
    ['with data in another file', 79, 'it keeps its data in another file'],
    ['of a later version', 7, 'it is qcow2 of the unknown version 4'],
  ])('qcow2 %s: unknown, because', async (_, at, why) => {
    inDir('qemu-img', 'create', '-q', '-f', 'qcow2', 'altered.qcow2', '16M');
    const content = readFileSync(join(dir, 'altered.qcow2'));
    content.writeUInt8(4, at);
    writeFileSync(join(dir, 'altered.qcow2'), content);
    expect(await whyOf('altered.qcow2')).toBe(why);
  });

  it('a backing file that is missing, a loop of them, and a pipe: unknown, because', async () => {
    inDir('qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b', 'gone.img', '-F', 'raw', 'orphan.qcow2', '10M');
    for (const [name, backing] of [
      ['loop.qcow2', 'back.qcow2'],
      ['back.qcow2', 'loop.qcow2'],
    ] as const) {
      inDir('qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b', backing, '-F', 'qcow2', name, '10M');
    }
    inDir('mkfifo', 'pipe');
    inDir('qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b', 'pipe', '-F', 'raw', 'waits.qcow2', '10M');
    expect(await whyOf('orphan.qcow2')).toMatch(/^its backing file cannot be read: .*gone.img/);
    expect(await whyOf('loop.qcow2')).toMatch(/^its backing files lead back to .*loop.qcow2$/);
    expect(await whyOf('waits.qcow2')).toMatch(/pipe is not a regular file$/);
  });
});

describe('LVM', () => {
  it('with linear volumes of several pieces, named by fstab in both ways', async () => {
    const folder = join(dir, 'on-lvm');
    makeSmallRoot(folder);
    writeFileSync(
      join(folder, 'etc/fstab'),
      '/dev/mapper/my--vg-usr--1 /usr ext4 defaults 0 0\n/dev/my-vg/thin /srv ext4 defaults 0 0\n',
    );
    renameSync(join(folder, 'usr'), join(dir, 'lvm-usr'));
    for (const name of ['usr', 'srv']) mkdirSync(join(folder, name));
    tool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', folder, join(dir, 'lvm-root.img'), '12M');
    tool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', join(dir, 'lvm-usr'), join(dir, 'lvm-usr.img'), '4M');
    makeLvm(join(dir, 'lvm.img'), 'my-vg', {
      root: { content: join(dir, 'lvm-root.img'), extents: [5, 1, 9] },
      'usr-1': { content: join(dir, 'lvm-usr.img'), extents: [3] },
    });
    const reader = await opened(join(dir, 'lvm.img'));
    expect(await textOf(reader, '/etc/os-release')).toBe('ID=debian\n');
    expect(await reader.stat('/boot/vmlinuz')).toMatchObject({ value: { size: 20_000 } });
    expect(await reader.list('/srv')).toMatchObject({ state: 'unknown' });
    await reader.close();
  });
});

describe('partitions', () => {
  it.each([
    ['GPT', 'label: gpt\n2048,1M\n4096,', 2],
    ['GPT of which the first copy is lost', 'label: gpt\n2048,', 1],
    ['MBR', 'label: dos\n2048,', 1],
    ['MBR with logical partitions', 'label: dos\n2048,1M\n4096,,E\n6144,1M\n10240,', 6],
  ])('%s', async (name, table, number) => {
    const disk = join(dir, `${name}.disk`);
    makeDisk(disk, table, { [number]: ext4 });
    if (name.endsWith('lost'))
      inDir('dd', 'if=/dev/zero', `of=${disk}`, 'bs=512', 'seek=1', 'count=1', 'conv=notrunc', 'status=none');
    expect(await describeImage(disk)).toEqual(expected);
  });

  it('are put together as fstab says', async () => {
    const parts = join(dir, 'parts');
    tool('cp', '-a', root, parts);
    for (const folder of ['srv/data', 'opt', 'mnt/never', 'home']) mkdirSync(join(parts, folder), { recursive: true });
    writeFileSync(join(parts, 'etc/fstab'), FSTAB);
    const [boot, usr] = ['boot', 'usr'].map((folder) => {
      renameSync(join(parts, folder), join(dir, `of-${folder}`));
      mkdirSync(join(parts, folder));
      return join(dir, `of-${folder}`);
    });
    const image = (name: string, from: string, ...args: readonly string[]): string => {
      tool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', from, ...args, join(dir, name), '8M');
      return join(dir, name);
    };
    const disk = join(dir, 'parts.disk');
    makeDisk(disk, 'label: gpt\n2048,8M\n18432,8M\n34816,8M\n51200,8M,U\n', {
      1: image('root.img', parts),
      2: image('boot.img', `${boot}`, '-U', UUID),
      3: image('usr.img', `${usr}`, '-L', 'the usr'),
      4: makeFat(join(dir, 'esp.img')),
    });
    const reader = await opened(disk);
    expect(await textOf(reader, '/etc/os-release')).toContain('ID=debian');
    expect(await textOf(reader, '/lib/os-release')).toContain('ID=debian');
    expect(await reader.stat('/boot/vmlinuz')).toMatchObject({ value: { size: 300_000 } });
    expect(await reader.list('/boot/efi/EFI')).toEqual({ state: 'known', value: ['A long name.cfg', 'boot'] });
    expect(await textOf(reader, '/boot/efi/efi/BOOT/bootx64.efi')).toBe('MZ');
    expect(await textOf(reader, '/boot/efi/EFI/A long name.cfg')).toBe('x'.repeat(5000));
    expect(await textOf(reader, '/boot/../boot/efi/../../etc/passwd')).toContain('root');
    const unknown = {
      state: 'unknown',
      why: '/srv/data is on UUID=0b0b0b0b-0000-0000-0000-000000000000, which is not in this image',
    };
    expect(await reader.list('/srv/data')).toEqual(unknown);
    expect(await reader.lstat('/srv/data/x')).toEqual(unknown);
    expect(await reader.list('/opt')).toEqual({ state: 'known', value: [] });
    await reader.close();
  });

  it('with two systems, and with none: unknown, because', async () => {
    makeDisk(join(dir, 'two.disk'), 'label: gpt\n2048,16M\n36864,16M', { 1: ext4, 2: ext4 });
    makeDisk(join(dir, 'none.disk'), 'label: gpt\n2048,16M', {});
    expect(await whyOf('two.disk')).toBe('it holds 2 systems (on partitions 1, 2)');
    expect(await whyOf('none.disk')).toMatch(/^it is no archive and no disk image/);
  });
});

const UUID = '12345678-9abc-4def-8123-456789abcdef';
const FSTAB = `# comment
UUID=${UUID.toUpperCase()} /boot ext4 defaults 0 2
LABEL="the\\040usr" /usr ext4 ro 0 2
/dev/sda4 /boot/efi vfat umask=0077 0 1
UUID=0b0b0b0b-0000-0000-0000-000000000000 /srv/data xfs defaults 0 2
UUID=0b0b0b0b-0000-0000-0000-000000000002 /srv/data/below ext4 defaults 0 2
UUID=0b0b0b0b-0000-0000-0000-000000000001 /opt xfs nofail 0 2
/dev/vdz1 /mnt/never ext4 noauto 0 0
tmpfs /tmp tmpfs defaults 0 0
/dev/sda9 none swap sw 0 0
`;
