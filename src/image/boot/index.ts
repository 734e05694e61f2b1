import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BlockFile, type Blocks, openBlocks } from '../disk/blocks.ts';
import { foreignFormat } from '../disk/convert.ts';
import { openFormat } from '../disk/open.ts';
import { readPartitions } from '../disk/partitions.ts';
import { isQcow2 } from '../disk/qcow2.ts';
import { known, Unreadable, unknown, whyUnreadable } from '../look.ts';
import type { Look, Reader } from '../types.ts';
import { compressionOf } from '../unpack.ts';
import { type Answers, CARRIER_BYTES, makeCarrier, type Questions, readReport } from './carrier.ts';
import { findEntry, type Patch } from './entry.ts';
import { type End, type Hardware, runMachine } from './qemu.ts';
import { answeringReader } from './reader.ts';

/** How an image is to be booted. */
export interface BootOptions {
  readonly machine: Hardware['machine'];
  readonly questions: Questions;
  /** guest/validate/look.sh */
  readonly script: string;
  /** For everything, from the boot loader to the machine's end. */
  readonly limitMs: number;
}

/**
 * Boots a throw-away overlay of a disk image in QEMU, asks the machine, and waits until it is off. The image is only read. The
 * reader that comes of it answers what was asked and nothing else. Unknown: it was not possible, and why.
 */
export async function bootImage(what: string, options: BootOptions): Promise<Look<Reader>> {
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-boot-'));
  const forget = goneWithProcess(folder);
  try {
    return known(answeringReader(what, await boot(what, options, folder)));
  } catch (error) {
    return unknown(whyUnreadable(error));
  } finally {
    forget();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function boot(what: string, options: BootOptions, folder: string): Promise<Answers> {
  const { machine, questions, script, limitMs } = options;
  const mark = `#toa-bake-${randomBytes(8).toString('hex')}`;
  const { format, firmware, patch } = await inspect(what, mark, machine);
  const overlay = join(folder, 'overlay.qcow2');
  const carrier = join(folder, 'carrier');
  const replaced = join(folder, 'replaced');
  writeFileSync(carrier, makeCarrier(mark, script, questions));
  truncateSync(carrier, CARRIER_BYTES);
  writeFileSync(replaced, patch.bytes);
  await run('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', resolve(what), '-F', format, overlay);
  const write = `write -q -s ${replaced} ${patch.offset} ${patch.bytes.length}`;
  await run('qemu-io', '-f', 'qcow2', '-c', write, overlay);
  const disks = [`format=qcow2,file=${overlay}`, `format=raw,file=${carrier}`];
  const end = await runMachine({ machine, firmware }, disks, folder, limitMs);
  const answers = readCarrier(carrier, questions);
  if (!answers) throw new Unreadable(`${whyNot(end, limitMs)}${keepConsole(end)}`);
  return answers;
}

/** What QEMU has to know of the image, and where to step in. */
async function inspect(
  what: string,
  mark: string,
  machine: Hardware['machine'],
): Promise<{ readonly format: string; readonly firmware: Hardware['firmware']; readonly patch: Patch }> {
  const opened: BlockFile[] = [];
  const keep = (file: BlockFile): BlockFile => {
    opened.push(file);
    return file;
  };
  try {
    const image = keep(openBlocks(what));
    if (compressionOf(image)) throw new Unreadable('it is packed: unpack it, so that it can be booted');
    const format = isQcow2(image) ? 'qcow2' : (foreignFormat(image) ?? 'raw');
    const disk = await openFormat(image, what, keep);
    return { format, firmware: firmwareFor(disk, machine), patch: findEntry(disk, mark) };
  } finally {
    for (const file of opened) file.close();
  }
}

const EFI_SYSTEM = ['c12a7328-f81f-11d2-ba4b-00a0c93ec93b', '0xef'];
/** Of the first sector, before what a partition table may begin with. */
const BOOT_CODE_BYTES = 440;

/** What would start it. Where it has both, as images for all clouds do, the older is what most of them use. */
function firmwareFor(disk: Blocks, machine: Hardware['machine']): Hardware['firmware'] {
  if (machine === 'x86_64' && disk.read(0, BOOT_CODE_BYTES).some((byte) => byte !== 0)) return 'bios';
  if (readPartitions(disk)?.some(({ type }) => EFI_SYSTEM.includes(type))) return 'uefi';
  throw new Unreadable('it cannot be booted: it has neither boot code nor an EFI partition');
}

function readCarrier(path: string, questions: Questions): Answers | undefined {
  const handle = openSync(path, 'r');
  try {
    return readReport((offset, length) => {
      const buffer = Buffer.alloc(length);
      readSync(handle, buffer, 0, length, offset);
      return buffer;
    }, questions);
  } finally {
    closeSync(handle);
  }
}

function whyNot({ why, stderr }: End, limitMs: number): string {
  switch (why) {
    case 'time':
      return `the copy did not come up and answer within ${Math.round(limitMs / 1000)} seconds`;
    case 'failed':
      return `QEMU ended: ${stderr.split('\n').at(-1)}`;
    case 'off':
      return 'the copy went off without an answer';
  }
}

/** The console outlives a boot that went wrong: it is all there is to look at. */
function keepConsole({ console }: End): string {
  if (console === '') return '; nothing came on its serial console';
  const path = join(mkdtempSync(join(tmpdir(), 'toa-bake-console-')), 'console.log');
  writeFileSync(path, console, 'latin1');
  return `; its console is in ${path}`;
}

const LONGEST_RUN_MS = 120_000;

async function run(program: string, ...argv: readonly string[]): Promise<void> {
  const { execa } = await import('execa');
  const end = await execa(program, argv, { reject: false, stdin: 'ignore', timeout: LONGEST_RUN_MS });
  if (end.code === 'ENOENT') throw new Unreadable(`to boot it, ${program} is needed, which is not installed`);
  if (end.failed) throw new Unreadable(`${program}: ${end.stderr.trim() || end.shortMessage}`);
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Takes the folder away when a signal ends this process, too; returns how to stop that. */
function goneWithProcess(folder: string): () => void {
  const end = (signal: NodeJS.Signals): void => {
    rmSync(folder, { recursive: true, force: true });
    forget();
    process.kill(process.pid, signal);
  };
  const forget = (): void => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
  for (const signal of SIGNALS) process.on(signal, end);
  return forget;
}
