import { Unreadable, whyUnreadable } from '../look.ts';
import type { Node } from '../tree.ts';
import type { Blocks } from './blocks.ts';
import { isExt } from './ext/super.ts';
import { openExt } from './ext/tree.ts';
import { isFat, openFat } from './fat.ts';
import { dashed } from './uuid.ts';
import { isXfs } from './xfs/super.ts';
import { openXfs } from './xfs/tree.ts';

/** A file system that was found on a disk. */
export interface FileSystem {
  /** `ext4`, `vfat`, `xfs`, `lvm`, `swap`, … */
  readonly type: string;
  /** As blkid prints them. */
  readonly uuid: string;
  readonly label: string;
  /** Its files; every look at an unreadable one says why. */
  readonly root: Node;
  /** Why nothing of it can be read; null where it can. */
  readonly why: string | null;
}

/** File systems that are read here; FAT last, since its mark is that of any boot sector. */
const KINDS: readonly {
  readonly type: string;
  readonly is: (blocks: Blocks) => boolean;
  readonly open: (blocks: Blocks) => Pick<FileSystem, 'root' | 'uuid' | 'label'>;
}[] = [
  { type: 'ext4', is: isExt, open: openExt },
  { type: 'xfs', is: isXfs, open: openXfs },
  { type: 'vfat', is: isFat, open: openFat },
];

/** What lies at a fixed place in file systems and containers that are not read here. */
interface Mark {
  readonly type: string;
  readonly at: number;
  readonly bytes: string;
  readonly uuidAt?: number;
  readonly label?: readonly [at: number, length: number];
}

const MARKS: readonly Mark[] = [
  { type: 'btrfs', at: 65600, bytes: '_BHRfS_M', uuidAt: 65568, label: [65835, 256] },
  { type: 'crypto_LUKS', at: 0, bytes: 'LUKS\xba\xbe' },
  { type: 'swap', at: 4086, bytes: 'SWAPSPACE2' },
  { type: 'squashfs', at: 0, bytes: 'hsqs' },
  { type: 'iso9660', at: 32769, bytes: 'CD001' },
  { type: 'erofs', at: 1024, bytes: '\xe2\xe1\xf5\xe0' },
  { type: 'f2fs', at: 1024, bytes: '\x10\x20\xf5\xf2' },
  { type: 'linux_raid_member', at: 4096, bytes: '\xfc\x4e\x2b\xa9' },
  { type: 'ntfs', at: 3, bytes: 'NTFS    ' },
];

/** Tells by content what the blocks hold; undefined: nothing that is known. Never throws for what they hold. */
export function openFileSystem(blocks: Blocks): FileSystem | undefined {
  let type = 'unknown';
  try {
    const kind = KINDS.find(({ is }) => is(blocks));
    type = kind?.type ?? type;
    if (kind) return { type, why: null, ...kind.open(blocks) };
    const mark = MARKS.find(({ at, bytes }) => has(blocks, at, bytes));
    return mark && unreadable(mark.type, `${mark.type} is not read here`, identity(blocks, mark));
  } catch (error) {
    return unreadable(type, whyUnreadable(error), { uuid: '', label: '' });
  }
}

/** A file system about which every question is answered with the same reason. */
export function unreadable(type: string, why: string, { uuid, label }: Pick<FileSystem, 'uuid' | 'label'>): FileSystem {
  return { type, uuid, label, root: unreadableNode(why), why };
}

/** A directory about which every question is answered with the same reason. */
export function unreadableNode(why: string): Node {
  const refuse = (): never => {
    throw new Unreadable(why);
  };
  return {
    stat: { type: 'directory', mode: 0, uid: 0, gid: 0, size: 0 },
    child: refuse,
    names: refuse,
    target: refuse,
    content: refuse,
  };
}

function has(blocks: Blocks, at: number, bytes: string): boolean {
  return at + bytes.length <= blocks.size && blocks.read(at, bytes.length).toString('latin1') === bytes;
}

function identity(blocks: Blocks, { uuidAt, label }: Mark): Pick<FileSystem, 'uuid' | 'label'> {
  return {
    uuid: uuidAt === undefined ? '' : dashed(blocks.read(uuidAt, 16)),
    label:
      label === undefined
        ? ''
        : blocks
            .read(...label)
            .toString('utf8')
            .replace(/\0.*$/s, ''),
  };
}
