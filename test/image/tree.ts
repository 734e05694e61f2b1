import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openReader } from '../../src/image/open.ts';
import type { Reader } from '../../src/image/types.ts';

/** A directory that is gone after the file's tests. */
export function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'toa-image-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs a tool; its output where it succeeds, an error with what it said where not. */
export function tool(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (error || status !== 0) throw error ?? new Error(`${program} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

/** A small machine with everything that is hard to read right. */
export function makeRoot(path: string): void {
  for (const folder of ['etc', 'usr/lib', 'boot/efi', 'var', 'many', 'deep/a/b/c', 'inline']) {
    mkdirSync(join(path, folder), { recursive: true });
  }
  const put = (name: string, content: string | Buffer): void => writeFileSync(join(path, name), content);
  put('usr/lib/os-release', 'ID=debian\nVERSION_ID="12"\n');
  put('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
  put('boot/vmlinuz', pseudoRandom(300_000));
  put('var/empty', '');
  put('inline/1', pseudoRandom(1));
  put('inline/60', pseudoRandom(60));
  put('inline/61', pseudoRandom(61));
  put('inline/100', pseudoRandom(100));
  put('var/large', pseudoRandom(500_000));
  put('var/sparse', 'begin');
  truncateSync(join(path, 'var/sparse'), 2_000_000);
  writeFileSync(join(path, 'var/sparse'), 'X', { flag: 'r+' });
  put('etc/new\nline \u001b[31m', 'name\n');
  put('deep/a/b/c/file', 'deep\n');
  for (let i = 0; i < 400; i++) put(`many/a name that is not short, so that there are many blocks of them ${i}`, '');
  symlinkSync('../usr/lib/os-release', join(path, 'etc/os-release'));
  symlinkSync('/usr/lib', join(path, 'lib'));
  symlinkSync('../../../../../../../../etc/passwd', join(path, 'escape'));
  symlinkSync(`/${'./'.repeat(200)}etc/passwd`, join(path, 'long'));
  symlinkSync('loop', join(path, 'loop'));
  symlinkSync('nowhere', join(path, 'dangling'));
  linkSync(join(path, 'inline/100'), join(path, 'hard'));
  execFileSync('mkfifo', [join(path, 'var/pipe')]);
}

/** The same bytes each time, and none that pack well. */
export function pseudoRandom(length: number): Buffer {
  const block = (i: number): Buffer => createHash('sha512').update(`${length} ${i}`).digest();
  return Buffer.concat(Array.from({ length: Math.ceil(length / 64) }, (_, i) => block(i))).subarray(0, length);
}

/** Everything that a reader says about every path, as text; directories' own sizes left out. */
export async function describeAll(reader: Reader, path = '/'): Promise<Readonly<Record<string, string>>> {
  const stat = await reader.lstat(path);
  if (stat.state !== 'known') return { [path]: JSON.stringify(stat) };
  const { type, mode, uid, gid, size } = stat.value;
  const content =
    type === 'file' ? await reader.read(path) : type === 'symlink' ? await reader.readlink(path) : undefined;
  const shown =
    content?.state === 'known' ? createHash('sha256').update(content.value).digest('hex') : JSON.stringify(content);
  const own = { [path]: `${type} ${mode.toString(8)} ${uid} ${gid} ${type === 'directory' ? '' : size} ${shown}` };
  if (type !== 'directory') return own;
  const names = await reader.list(path);
  if (names.state !== 'known') return { [path]: JSON.stringify(names) };
  const below = names.value
    .filter((name) => name !== 'lost+found')
    .map((name) => `${path === '/' ? '' : path}/${name}`);
  return Object.assign(own, ...(await Promise.all(below.map((child) => describeAll(reader, child)))));
}

/** Opens what must be readable. */
export async function opened(what: string): Promise<Reader> {
  const found = await openReader(what);
  if (found.state !== 'known') throw new Error(`${what}: ${JSON.stringify(found)}`);
  return found.value;
}

/** What a reader of `what` says about every path, and that the file has not changed. */
export async function describeImage(what: string): Promise<Readonly<Record<string, string>>> {
  const reader = await opened(what);
  try {
    return await describeAll(reader);
  } finally {
    await reader.close();
  }
}

/** Of a file's content. */
export function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** A disk with a partition table as sfdisk takes it, and what is to be put into its partitions by their numbers. */
export function makeDisk(path: string, table: string, contents: Readonly<Record<number, string>>): void {
  writeFileSync(path, '');
  truncateSync(path, 40 * 1024 * 1024);
  const { status, stderr } = spawnSync('sfdisk', ['-q', path], { input: table, encoding: 'utf8' });
  if (status !== 0) throw new Error(`sfdisk: ${stderr}`);
  const starts = new Map(
    [...tool('sfdisk', '-d', path).matchAll(/(\d+) : start= *(\d+)/g)].map(([, number, start]) => [
      Number(number),
      start,
    ]),
  );
  for (const [number, content] of Object.entries(contents)) {
    const seek = starts.get(Number(number));
    tool('dd', `if=${content}`, `of=${path}`, 'bs=512', `seek=${seek}`, 'conv=notrunc,sparse', 'status=none');
  }
}

/** An EFI partition. */
export function makeFat(path: string, ...args: readonly string[]): string {
  rmSync(path, { force: true });
  tool('mkfs.vfat', '-C', ...args, path, '4096');
  const from = `${path}.file`;
  writeFileSync(from, 'MZ');
  tool('mmd', '-i', path, '::/EFI', '::/EFI/boot');
  tool('mcopy', '-i', path, from, '::/EFI/boot/BOOTX64.EFI');
  writeFileSync(from, 'x'.repeat(5000));
  tool('mcopy', '-i', path, from, '::/EFI/A long name.cfg');
  return path;
}

/** A text file's content; throws where it cannot be read. */
export async function textOf(reader: Reader, path: string): Promise<string> {
  const found = await reader.read(path);
  if (found.state !== 'known') throw new Error(`${path}: ${JSON.stringify(found)}`);
  return Buffer.from(found.value).toString('utf8');
}

/** As little as a machine can be, for what is done many times. */
export function makeSmallRoot(path: string): void {
  for (const folder of ['etc', 'usr/lib', 'boot']) mkdirSync(join(path, folder), { recursive: true });
  writeFileSync(join(path, 'usr/lib/os-release'), 'ID=debian\n');
  writeFileSync(join(path, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(path, 'boot/vmlinuz'), pseudoRandom(20_000));
  symlinkSync('../usr/lib/os-release', join(path, 'etc/os-release'));
  symlinkSync(`/${'./'.repeat(60)}etc/passwd`, join(path, 'long'));
}

/** A volume group on a disk of its own, each logical volume on the extents of 4 MiB that are named, in their order. */
export function makeLvm(
  path: string,
  group: string,
  volumes: Readonly<Record<string, { readonly content: string; readonly extents: readonly number[] }>>,
): void {
  writeFileSync(path, '');
  truncateSync(path, 64 * 1024 * 1024);
  const device = tool('losetup', '-f', '--show', path).trim();
  try {
    tool('pvcreate', '-ff', '-y', device);
    tool('vgcreate', group, device);
    // Without the kernel's device mapper lvcreate refuses; restoring a description of volumes works.
    tool('vgcfgbackup', '-f', `${path}.text`, group);
    const text = readFileSync(`${path}.text`, 'utf8');
    const described = Object.entries(volumes).map(([name, { extents }], i) => describeVolume(name, extents, i));
    writeFileSync(`${path}.text`, text.replace(/\n\}\s*$/, `\nlogical_volumes {\n${described.join('\n')}\n}\n}\n`));
    tool('vgcfgrestore', '-f', `${path}.text`, group);
  } finally {
    tool('losetup', '-d', device);
  }
  for (const { content, extents } of Object.values(volumes)) {
    for (const [i, extent] of extents.entries()) {
      const [skip, seek] = [`skip=${i * 4}`, `seek=${1 + extent * 4}`];
      tool('dd', `if=${content}`, `of=${path}`, 'bs=1M', 'count=4', skip, seek, 'conv=notrunc', 'status=none');
    }
  }
}

function describeVolume(name: string, extents: readonly number[], index: number): string {
  const segments = extents.map(
    (extent, i) =>
      `segment${i + 1} { start_extent = ${i} extent_count = 1 type = "striped" stripe_count = 1 stripes = [ "pv0", ${extent} ] }`,
  );
  return `${name} {
    id = "${String(index).repeat(6)}-aaaa-aaaa-aaaa-aaaa-aaaa-aaaaaa"
    status = ["READ", "WRITE", "VISIBLE"]
    flags = []
    segment_count = ${segments.length}
    ${segments.join('\n')}
  }`;
}

/**
 * XFS that the kernel wrote, with a tree in it and a file in many pieces; the same tree is then in PATH.tree. `meanwhile` runs
 * while it is mounted.
 */
export function makeXfs(path: string, tree: string, args: readonly string[], meanwhile = 'true'): void {
  rmSync(path, { force: true });
  tool('truncate', '-s', '310M', path);
  tool('mkfs.xfs', '-q', '-f', ...args, path);
  writePieces(`${path}.pieces`);
  const copy = 'cp -a "$3" "$2" && mkdir -p "$2/var" && cp --sparse=always "$1.pieces" "$2/var/pieces"';
  const fill = `mkdir -p "$2" && mount -o loop "$1" "$2" && ${copy} && sync -f "$2" && ${meanwhile}; umount "$2"`;
  tool('sh', '-c', fill, 'sh', path, `${path}.mnt`, `${tree}/.`);
  rmSync(`${path}.tree`, { recursive: true, force: true });
  tool('sh', '-c', copy, 'sh', path, `${path}.tree`, tree);
}

/** A file with a hole after every block. */
function writePieces(path: string): void {
  const file = openSync(path, 'w');
  for (let i = 1; i <= 120; i++) writeSync(file, 'x', i * 8192);
  closeSync(file);
}

/** A disk that is one ext4 with a tree in it. */
export function makeExt4(image: string, tree: string, size: string, ...args: readonly string[]): void {
  const made = '-q -F -t ext4 -b 1024 -N 512 -O ^has_journal'.split(' ');
  tool('mke2fs', ...made, '-d', tree, ...args, image, size);
}
