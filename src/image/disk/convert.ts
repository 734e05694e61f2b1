import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Unreadable } from '../look.ts';
import { type BlockFile, type Blocks, blocksOf } from './blocks.ts';

/** A format that is not read here, by the name that qemu-img has for it, and what shows it. */
interface Foreign {
  readonly format: string;
  readonly at: number;
  readonly bytes: string;
}

const FORMATS: readonly Foreign[] = [
  { format: 'vmdk', at: 0, bytes: 'KDMV' },
  { format: 'vhdx', at: 0, bytes: 'vhdxfile' },
  { format: 'vdi', at: 64, bytes: '\x7f\x10\xda\xbe' },
  { format: 'vpc', at: 0, bytes: 'conectix' },
  { format: 'parallels', at: 0, bytes: 'WithoutFreeSpace' },
  { format: 'qed', at: 0, bytes: 'QED\0' },
];
const IN_SEVERAL_FILES = '# Disk DescriptorFile';
const LONGEST_RUN_MS = 1_800_000;
const LARGEST_DISK = 4 * 2 ** 40;

/** The format of an image that qemu-img can read and toa-bake cannot. Throws Unreadable for one that leads to other files. */
export function foreignFormat(image: Blocks): string | undefined {
  if (begins(image, 0, IN_SEVERAL_FILES)) {
    throw new Unreadable('it is a VMDK in several files; `qemu-img convert -O qcow2` makes it one');
  }
  const format = FORMATS.find(({ at, bytes }) => begins(image, at, bytes))?.format;
  if (format === 'vmdk') checkVmdk(image);
  return format;
}

/** Has qemu-img write the disk into a file that has no name any more. Throws Unreadable. */
export async function convertDisk(path: string, format: string): Promise<BlockFile> {
  await checkSize(path, format);
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-'));
  try {
    const raw = join(folder, 'disk');
    await qemuImg('convert', '-f', format, '-O', 'raw', fileUrl(path), raw);
    const handle = openSync(raw, 'r');
    // What is read from it was read from the image by qemu-img.
    return { ...blocksOf(handle), bytesRead: () => 0, close: () => closeSync(handle) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function checkSize(path: string, format: string): Promise<void> {
  const info: unknown = JSON.parse(await qemuImg('info', '--output=json', '-f', format, fileUrl(path)));
  const size = typeof info === 'object' && info !== null && 'virtual-size' in info ? Number(info['virtual-size']) : 0;
  if (size > LARGEST_DISK) throw new Unreadable(`it is a disk of ${size} bytes`);
  if (typeof info === 'object' && info !== null && 'backing-filename' in info)
    throw new Unreadable('it has a backing file');
}

/** A name with a colon in it would mean a protocol. */
function fileUrl(path: string): string {
  return `file:${resolve(path)}`;
}

async function qemuImg(...args: readonly string[]): Promise<string> {
  // Loaded where it is needed: it takes longer than reading most images.
  const { execa } = await import('execa');
  const result = await execa('qemu-img', args, { reject: false, stdin: 'ignore', timeout: LONGEST_RUN_MS });
  if (result.code === 'ENOENT') throw new Unreadable(`the format needs qemu-img, which is not installed`);
  if (result.failed)
    throw new Unreadable(`qemu-img: ${result.stderr.trim().split('\n').at(-1) || result.shortMessage}`);
  return result.stdout;
}

/** A descriptor may name a parent, or all the files that it likes. */
function checkVmdk(image: Blocks): void {
  const header = image.read(0, 512);
  const sectors = header.readBigUInt64LE(12);
  const start = Number(header.readBigUInt64LE(28)) * 512;
  const length = Math.min(Number(header.readBigUInt64LE(36)) * 512, 65536);
  const descriptor = start > 0 ? image.read(start, length).toString('latin1') : '';
  const others = [...descriptor.matchAll(/^\s*(?:RW|RDONLY|NOACCESS)\s.*$/gm)].length;
  if (sectors === 0n || others > 1 || /parentFileNameHint/i.test(descriptor)) {
    throw new Unreadable('it is a VMDK that needs other files; `qemu-img convert -O qcow2` makes it one');
  }
}

function begins(image: Blocks, at: number, bytes: string): boolean {
  return at + bytes.length <= image.size && image.read(at, bytes.length).toString('latin1') === bytes;
}
