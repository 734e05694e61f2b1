import type { Blocks } from '../disk/blocks.ts';
import { composeSystem } from '../disk/system.ts';
import { findVolumes } from '../disk/volumes.ts';
import { Unreadable } from '../look.ts';
import { walk } from '../tree.ts';

/** Bytes of a disk that are to be others. */
export interface Patch {
  /** Bytes from the disk's beginning. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * The unit that gives way. systemd itself brings it and starts it at every boot, late; nobody configures it, and nothing about
 * clients' addresses hangs on it: without it, users other than root cannot log in.
 */
const UNIT = 'systemd-user-sessions.service';
const WHERE = `/lib/systemd/system/${UNIT}`;
const OVERRIDES = [`/etc/systemd/system/${UNIT}`, `/etc/systemd/system/${UNIT}.d`];
const LARGEST_UNIT = 64 * 1024;

/**
 * How to get into the machine on a disk: the bytes of one of its units are replaced where they lie, so that it runs the script on
 * the disk that begins with `mark`. That needs no credentials, no root, no program that writes file systems (so any that can be
 * read will do), and neither cloud-init nor a new systemd on the machine; the file keeps its owner, mode and SELinux label, and
 * boot loader, kernel and everything that the machine starts stay what they are. Throws Unreadable where it cannot be done.
 */
export function findEntry(disk: Blocks, mark: string): Patch {
  const reads: { readonly offset: number; readonly bytes: Buffer }[] = [];
  let recording = false;
  const root = composeSystem(
    findVolumes({
      size: disk.size,
      read: (offset, length) => {
        const bytes = disk.read(offset, length);
        if (recording) reads.push({ offset, bytes });
        return bytes;
      },
    }),
  );
  const other = OVERRIDES.find((path) => walk(root, path, false));
  if (other) throw new Unreadable(`nothing is known to step in by: ${other} overrides the unit that would give way`);
  const unit = walk(root, WHERE);
  if (unit?.stat.type !== 'file') throw new Unreadable(`nothing is known to step in by: it has no ${WHERE}`);
  recording = true;
  const content = Buffer.from(unit.content(0, LARGEST_UNIT));
  recording = false;
  const place = reads.flatMap(({ offset, bytes }) => {
    const at = bytes.indexOf(content);
    return at < 0 ? [] : [offset + at];
  });
  const [offset] = place;
  if (offset === undefined || content.length === 0)
    throw new Unreadable(`${WHERE} does not lie on the disk in one piece`);
  return { offset, bytes: fill(stepIn(mark), content.length) };
}

/** `%` and `$` mean something to systemd. What the shell reads comes from a copy: some take no script from a device. */
function stepIn(mark: string): string {
  const script =
    `for d in /dev/vd? /dev/sd? /dev/nvme?n?; do [ "$(head -c ${mark.length} $d)" = "${mark}" ] && ` +
    `head -c ${LARGEST_SCRIPT} $d >/run/toa-bake.sh && exec sh /run/toa-bake.sh $d; done`;
  return `[Service]\nStandardError=journal+console\nExecStart=/bin/sh -c '${script.replaceAll('$', '$$$$')}'\n`;
}

/** Bytes at the beginning of the disk with the script that a machine takes. */
export const LARGEST_SCRIPT = 65536;

function fill(text: string, size: number): Buffer {
  if (text.length > size) throw new Unreadable(`${WHERE} is too short to step in by`);
  return Buffer.from(text.padEnd(size, '\n'));
}
