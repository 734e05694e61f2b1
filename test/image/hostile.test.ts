import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { memoryUsage } from 'node:process';
import { beforeAll, describe, expect, it } from 'vitest';
import { directoryNode } from '../../src/image/directory.ts';
import { openBlocks } from '../../src/image/disk/blocks.ts';
import { openReader } from '../../src/image/open.ts';
import { compressionOf, unpack } from '../../src/image/unpack.ts';
import {
  describeAll,
  makeDisk,
  makeFat,
  makeLvm,
  makeSmallRoot,
  makeXfs,
  opened,
  scratch,
  textOf,
  tool,
} from './tree.ts';

const dir = scratch();
const at = (name: string): string => join(dir, name);
/** 500 go through the whole of validate, see damage.ts. */
const ROUNDS = 100;

beforeAll(() => {
  makeSmallRoot(at('root'));
  tool(
    'mke2fs',
    '-q',
    '-F',
    '-t',
    'ext4',
    '-b',
    '1024',
    '-N',
    '64',
    '-O',
    '^has_journal',
    '-d',
    at('root'),
    at('ext4.img'),
    '500k',
  );
  tool('qemu-img', 'convert', '-c', '-O', 'qcow2', '-o', 'cluster_size=4k', at('ext4.img'), at('disk.qcow2'));
  tool('tar', '-C', at('root'), '-cf', at('root.tar'), '.');
  tool('tar', '-C', at('root'), '-czf', at('root.tar.gz'), '.');
});

/** Numbers that repeat: a failure can be looked at again. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One of: cut off somewhere, a bit turned, a number blown up. Most structure is at the beginning of what it describes. */
function damage(content: Buffer, random: (below: number) => number): Buffer {
  const way = random(8);
  if (way === 0) return content.subarray(0, random(content.length));
  const copy = Buffer.from(content);
  for (let i = 0; i <= random(4); i++) {
    const place = random(2) === 0 ? random(copy.length) : random(Math.min(copy.length, 65536));
    if (way < 6) copy.writeUInt8(copy.readUInt8(place) ^ (1 << random(8)), place);
    else copy.fill(random(2) * 255, place, place + 4);
  }
  return copy;
}

type Tree = Readonly<Record<string, string>>;

/** Everything is looked at: to throw or to hang is the only way to fail. Undefined: the image as a whole is unknown, because. */
async function explore(what: string): Promise<Tree | undefined> {
  const found = await openReader(what);
  if (found.state === 'known') {
    const tree = await describeAll(found.value);
    await found.value.close();
    return tree;
  }
  expect(found).toMatchObject({ state: 'unknown', why: expect.stringMatching(/./) });
  return undefined;
}

describe.each([['ext4.img'], ['disk.qcow2'], ['root.tar'], ['root.tar.gz']])('%s with random damage', (name) => {
  it(`${ROUNDS} times: is read, or unknown, because; in bounded time and memory`, async () => {
    const content = readFileSync(at(name));
    const random = randomNumbers(4);
    const limits = startLimits();
    let known = 0;
    for (let i = 0; i < ROUNDS; i++) {
      writeFileSync(at('damaged'), damage(content, random));
      if (await explore(at('damaged'))) known += 1;
      limits.check();
    }
    // What gzip packs has a sum over all of it, but for its header.
    const [least, most] = name.endsWith('.gz') ? [0, 0.02] : [0.1, 0.9];
    expect(known / ROUNDS).toBeGreaterThanOrEqual(least);
    expect(known / ROUNDS).toBeLessThanOrEqual(most);
  });
});

describe('a larger image with random damage where it is not empty', () => {
  it.each([
    ['ext4', 'with sums', (path: string) => makeExtImage(path)],
    ['XFS', 'with sums', (path: string) => makeXfs(path, at('root'), [])],
    ['ext4 that was not unmounted', 'without sums', makeDirty],
    ['a disk with an EFI partition', 'without sums', makeParts],
    ['LVM', 'without sums', makeOnLvm],
  ])('%s, %s', async (name, sums, make) => {
    const path = at(`${name}.img`);
    make(path);
    const expected = await explore(path);
    // XFS has its inodes there; behind them is mostly its log.
    const places = usedSectors(path, name === 'XFS' ? 256 * 1024 : 8 * 1024 * 1024);
    const random = randomNumbers(5);
    const limits = startLimits();
    const handle = openSync(path, 'r+');
    let unknown = 0;
    for (let i = 0; i < 100; i++) {
      const place = (places[random(places.length)] ?? 0) + random(510);
      const before = Buffer.alloc(2);
      readSync(handle, before, 0, 2, place);
      writeSync(
        handle,
        Buffer.from([before.readUInt8(0) ^ (1 << random(8)), random(2) ? before.readUInt8(1) : random(256)]),
        0,
        2,
        place,
      );
      const found = await explore(path);
      if (sums === 'with sums') expect(silentChanges(expected, found), `${name}: ${place}`).toEqual([]);
      if (!found || Object.values(found).some((line) => line.includes('"unknown"'))) unknown += 1;
      writeSync(handle, before, 0, 2, place);
      limits.check();
    }
    closeSync(handle);
    expect(unknown).toBeGreaterThan(4);
    expect(await explore(path)).toEqual(expected);
  });
});

/** Paths about which something else is said than was true, where not "unknown". What files hold has no sums. */
function silentChanges(expected: Tree | undefined, found: Tree | undefined): readonly string[] {
  if (!found || !expected) return [];
  const isUnknown = (path: string): boolean => found[path]?.includes('"unknown"') === true;
  const above = (path: string): readonly string[] =>
    path.split('/').map((_, i, parts) => parts.slice(0, i).join('/') || '/');
  const said = (line: string | undefined): string | undefined =>
    line?.startsWith('file') ? line.replace(/ \S+$/, '') : line;
  return Object.keys({ ...expected, ...found }).filter(
    (path) => said(expected[path]) !== said(found[path]) && !isUnknown(path) && !above(path).some(isUnknown),
  );
}

function usedSectors(path: string, reach: number): readonly number[] {
  const file = openBlocks(path);
  const content = file.read(0, Math.min(file.size, reach));
  file.close();
  const sectors = Array.from({ length: Math.floor(content.length / 512) }, (_, i) => i * 512);
  return sectors.filter((start) => content.subarray(start, start + 512).some((byte) => byte !== 0));
}

/** Memory may not grow by more than 300 MB, and no round may take longer than a machine that is busy explains. */
function startLimits(): { readonly check: () => void } {
  const { rss } = memoryUsage();
  let last = performance.now();
  return {
    check: () => {
      const now = performance.now();
      expect(now - last).toBeLessThan(5000);
      expect(memoryUsage().rss - rss).toBeLessThan(300e6);
      last = now;
    },
  };
}

function makeExtImage(path: string): void {
  tool('mke2fs', '-q', '-F', '-t', 'ext4', '-b', '1024', '-N', '64', '-d', at('root'), path, '4M');
}

function makeDirty(path: string): void {
  makeExtImage(path);
  const block = tool('debugfs', '-R', 'bmap /etc 0', path).trim();
  tool('dd', `if=${path}`, `of=${path}.block`, 'bs=1024', `skip=${block}`, 'count=1', 'status=none');
  writeFileSync(at('commands'), `jo -c\njw -b ${block} ${path}.block\njc\n`);
  tool('debugfs', '-w', '-f', at('commands'), path);
}

function makeParts(path: string): void {
  makeExtImage(at('part.img'));
  makeDisk(path, 'label: gpt\n2048,4M\n10240,4M,U\n', { 1: at('part.img'), 2: makeFat(at('part-esp.img')) });
}

function makeOnLvm(path: string): void {
  makeExtImage(at('part.img'));
  makeLvm(path, 'group', { root: { content: at('part.img'), extents: [2] } });
}

describe('an image that means harm', () => {
  it('ext4: extents outside of the disk, a directory in itself, a link without end', async () => {
    const image = harmed();
    const commands = [
      'sif /boot/vmlinuz block[2] 0x7fffffff', // where the first extent begins
      'sif /boot/vmlinuz block[5] 0x7fffffff',
      'ln /etc /etc/self',
      'sif /long size 0x7fffffff',
      'sif /usr/lib/os-release size 0x10000000000',
    ];
    writeFileSync(at('commands'), commands.join('\n'));
    tool('debugfs', '-w', '-f', at('commands'), image);
    const reader = await opened(image);
    expect(await reader.read('/boot/vmlinuz')).toMatchObject({ state: 'unknown' });
    expect(await reader.read('/usr/lib/os-release')).toMatchObject({
      state: 'unknown',
      why: expect.stringContaining('1099511627776 bytes'),
    });
    expect(await reader.part('/usr/lib/os-release', 2 ** 39, 10)).toMatchObject({ state: 'known' });
    expect(await textOf(reader, `/etc${'/self'.repeat(700)}/passwd`)).toContain('root');
    expect(await reader.stat('/long')).toMatchObject({ state: 'unknown' });
    await reader.close();
  });

  it('1 TiB of nothing: raw, qcow2, and in a file', async () => {
    writeFileSync(at('huge.img'), '');
    truncateSync(at('huge.img'), 2 ** 40);
    expect(await openReader(at('huge.img'))).toMatchObject({ state: 'unknown' });
    tool(
      'mke2fs',
      '-q',
      '-F',
      '-t',
      'ext4',
      '-E',
      'lazy_itable_init=1,nodiscard',
      '-d',
      at('root'),
      at('huge.ext4'),
      '64G',
    );
    expect(await textOf(await opened(at('huge.ext4')), '/etc/passwd')).toContain('root');
    tool('qemu-img', 'create', '-q', '-f', 'qcow2', at('huge.qcow2'), '1T');
    expect(await openReader(at('huge.qcow2'))).toMatchObject({ state: 'unknown' });
  });

  it.each([
    ['gz', 'gzip'],
    ['xz', 'xz'],
    ['zst', 'zstd'],
  ])('a bomb in tar.%s', async (suffix, program) => {
    const path = at(`bomb.tar.${suffix}`);
    const members = 'head -c 512 "$1"; head -c 50M /dev/zero';
    tool('sh', '-c', `(${members}) | ${program} -c > "$2"`, 'sh', at('root.tar'), path);
    const packed = openBlocks(path);
    const limits = { total: 2 ** 30, free: 10_000_000, ratio: 100 };
    const kind = compressionOf(packed);
    expect(kind).toBeDefined();
    if (kind) await expect(unpack(packed, kind, limits)).rejects.toThrow('it unpacks to more than 100 times its size');
    if (kind)
      await expect(unpack(packed, kind, { ...limits, total: 1e7 })).rejects.toThrow(
        'it unpacks to more than 10000000 bytes',
      );
    packed.close();
  });

  it('a root full of links that lead out shows nothing of this machine', async () => {
    const root = at('links');
    mkdirSync(join(root, 'etc'), { recursive: true });
    const out = '../'.repeat(30);
    const links = {
      secret: at('secret'),
      up: `${out}${at('secret')}`,
      self: '/proc/self/root',
      dir: `${out}${dir}`,
      now: '/proc/self/cwd',
    };
    writeFileSync(at('secret'), 'secret');
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, 'etc', name));
    symlinkSync(out, join(root, 'top'));
    tool('tar', '-C', root, '-cf', at('links.tar'), '.');
    tool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', root, at('links.img'), '4M');
    // Makes it a root, for the image.
    tool('debugfs', '-w', '-R', `write ${at('secret')} etc/passwd`, at('links.img'));
    for (const what of [root, at('links.tar'), at('links.img')]) {
      const reader = await opened(what);
      for (const name of Object.keys(links)) {
        expect(await reader.stat(`/etc/${name}`)).toEqual({ state: 'absent' });
        expect(await reader.list(`/etc/${name}/etc`)).toEqual({ state: 'absent' });
      }
      expect(await reader.list('/top/top/../../top')).toEqual(await reader.list('/'));
      expect(await reader.read('/../../../../../../etc/hostname')).toEqual({ state: 'absent' });
      await reader.close();
    }
  });

  it('a directory that becomes a link while it is read is not followed', async () => {
    mkdirSync(at('race/real'), { recursive: true });
    mkdirSync(at('race-out'));
    writeFileSync(at('race/real/file'), 'inside');
    writeFileSync(at('race-out/file'), 'outside');
    const node = directoryNode(realpathSync(at('race')), () => {}).child('real');
    const file = node?.child('file');
    expect(Buffer.from(file?.content(0, 10) ?? [])).toEqual(Buffer.from('inside'));
    renameSync(at('race/real'), at('race/moved'));
    symlinkSync(at('race-out'), at('race/real'));
    expect(() => file?.content(0, 10)).toThrow('it was moved while it was looked at');
    expect(() => node?.names()).toThrow();
    expect(() => node?.child('file')).toThrow();
  });
});

function harmed(): string {
  makeExtImage(at('harm.img'));
  return at('harm.img');
}
