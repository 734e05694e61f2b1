import { whyUnreadable } from '../look.ts';
import type { Blocks } from './blocks.ts';
import { type FileSystem, openFileSystem, unreadable } from './filesystems.ts';
import { isLvm, readLvm } from './lvm.ts';
import { type Partition, readPartitions } from './partitions.ts';

/** A file system with all the names that a line of fstab may call it by. */
export interface Volume {
  readonly files: FileSystem;
  readonly blocks: Blocks;
  readonly partition: Omit<Partition, 'blocks'>;
  /** Of its device, where that has others than a partition's. */
  readonly names: readonly string[];
}

/** Whatever on a disk holds files, or could. Throws Unreadable for a partition table that cannot be true. */
export function findVolumes(disk: Blocks): readonly Volume[] {
  const partitions = readPartitions(disk) ?? [{ ...NO_PARTITION, blocks: disk }];
  const physical = partitions.filter(({ blocks }) => isLvm(blocks));
  return [
    ...partitions.filter((partition) => !physical.includes(partition)).flatMap(openPartition),
    ...openLvm(physical.map(({ blocks }) => blocks)),
  ];
}

const NO_PARTITION = { number: 0, type: '', uuid: '', label: '' };

function openPartition({ blocks, ...partition }: Partition): readonly Volume[] {
  const files = openFileSystem(blocks);
  return files ? [{ files, blocks, partition, names: [] }] : [];
}

function openLvm(physical: readonly Blocks[]): readonly Volume[] {
  try {
    return readLvm(physical).flatMap(({ names, blocks }) => {
      const files = openFileSystem(blocks);
      return files ? [{ files, blocks, partition: NO_PARTITION, names }] : [];
    });
  } catch (error) {
    const files = unreadable('lvm', whyUnreadable(error), { uuid: '', label: '' });
    return physical.slice(0, 1).map((blocks) => ({ files, blocks, partition: NO_PARTITION, names: [] }));
  }
}

/** Whether `source`, as a line of fstab or a command line has it, means this volume. */
export function isCalled({ files, partition, names }: Volume, source: string): boolean {
  const [, tag = '', value = ''] = /^([A-Z]+)="?([^"]*)"?$/.exec(source.replace(BY_TAG, byTag)) ?? [];
  const same = (name: string): boolean => name !== '' && name.toLowerCase() === value.toLowerCase();
  switch (tag) {
    case 'UUID':
      return same(files.uuid);
    case 'LABEL':
      return files.label !== '' && files.label === value;
    case 'PARTUUID':
      return same(partition.uuid);
    case 'PARTLABEL':
      return partition.label !== '' && partition.label === value;
    default:
      return (
        names.includes(source) || (partition.number > 0 && NUMBERED.exec(source)?.[1] === String(partition.number))
      );
  }
}

const BY_TAG = /^\/dev\/disk\/by-(uuid|label|partuuid|partlabel)\/(.*)$/;
/** Which disk it is cannot be told from an image: it is taken for the first. */
const NUMBERED = /^\/dev\/(?:[shv]d[a-z]|xvd[a-z]|(?:nvme\d+n\d+|mmcblk\d+)p)(\d+)$/;

function byTag(_: string, tag: string, value: string): string {
  return `${tag.toUpperCase()}=${value.replace(/\\x([0-9a-f]{2})/g, (__, hex) => String.fromCharCode(Number.parseInt(hex, 16)))}`;
}
