import { Unreadable } from '../image/look.ts';
import type { Look, Reader } from '../image/types.ts';
import { peSections } from './pe.ts';
import { look, readPart } from './see.ts';

/** An x86 kernel's setup code, which has the text of its version, is at most half of this; no image that boots is smaller. */
const HEAD = 64 * 1024;

/** Offsets in the header of an x86 kernel, as the kernel's boot protocol lays it out. */
const X86_MAGIC = 0x202;
const X86_VERSION = 0x20e;
const X86_BASE = 0x200;
const LONGEST_VERSION = 256;

/** Offset of the magic number in a plain kernel for arm64. */
const ARM64_MAGIC = 56;

/** What a kernel's image says that its release is. Absent: its format has no place for it. */
export function imageRelease(reader: Reader, path: string): Promise<Look<string>> {
  return look(async () => {
    const head = await readPart(reader, path, 0, HEAD);
    if (head === undefined) return undefined;
    if (head.length < HEAD) throw new Unreadable(`${path} is truncated: it ends within its header`);
    if (head.toString('latin1', X86_MAGIC, X86_MAGIC + 4) === 'HdrS') return x86Release(path, head);
    if (isNameless(head)) return undefined;
    const sections = await peSections(reader, path, ['.uname']);
    const release = sections?.get('.uname')?.toString('latin1').replace(/\0.*$/s, '').trim();
    if (!release) throw new Unreadable(`${path} is no kernel image that is understood`);
    return release;
  });
}

function x86Release(path: string, head: Buffer): string {
  const at = X86_BASE + head.readUInt16LE(X86_VERSION);
  const release = /^[!-~]+(?= )/.exec(head.toString('latin1', at, at + LONGEST_VERSION))?.[0];
  if (release === undefined) throw new Unreadable(`${path} does not say its release where its header points`);
  return release;
}

/** A plain image for arm64, one that unpacks itself (zboot), or one that is compressed as a whole. */
function isNameless(head: Buffer): boolean {
  return (
    head.toString('latin1', ARM64_MAGIC, ARM64_MAGIC + 4) === 'ARMd' ||
    head.toString('latin1', 4, 8) === 'zimg' ||
    head.readUInt16BE(0) === 0x1f8b
  );
}
