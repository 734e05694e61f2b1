import { Unreadable } from '../look.ts';
import { type Blocks, readU64 } from './blocks.ts';
import { asNumber, asSection, asText, asTexts, type LvmSection, parseLvm } from './lvm-text.ts';

/** A logical volume with the names that its device has. */
export interface LogicalVolume {
  readonly names: readonly string[];
  readonly blocks: Blocks;
}

const SECTOR = 512;
const LARGEST_TEXT = 4 * 1024 * 1024;
const MAGIC = ' LVM2 x[5A%r0N*>';

/** Whether the blocks are a physical volume of LVM. */
export function isLvm(blocks: Blocks): boolean {
  return labelPlace(blocks) !== undefined;
}

/** The label may be in any of the first four sectors. */
function labelPlace(blocks: Blocks): number | undefined {
  return [0, 1, 2, 3]
    .map((n) => n * SECTOR)
    .find((at) => {
      if (at + SECTOR > blocks.size) return false;
      const sector = blocks.read(at, 32);
      return sector.toString('latin1', 0, 8) === 'LABELONE' && sector.toString('latin1', 24, 32) === 'LVM2 001';
    });
}

/** The logical volumes on these physical ones. Throws Unreadable for metadata that cannot be true. */
export function readLvm(physical: readonly Blocks[]): readonly LogicalVolume[] {
  const headers = physical.map((blocks) => ({ blocks, ...readHeader(blocks) }));
  const disks = new Map(headers.map(({ id, blocks }) => [id, blocks]));
  // Each physical volume repeats the description of all of its group.
  const groups = new Map(
    headers.flatMap(({ text }) => Object.entries(parseLvm(text)).filter(([, value]) => isSection(value))),
  );
  return [...groups].flatMap(([name, group]) => readGroup(name, asSection(group), disks));
}

function isSection(value: unknown): boolean {
  return typeof value === 'object' && !Array.isArray(value);
}

function readHeader(blocks: Blocks): { readonly id: string; readonly text: string } {
  const label = labelPlace(blocks) ?? 0;
  const sector = blocks.read(label, SECTOR);
  const start = sector.readUInt32LE(20);
  const areas = readAreas(sector, start + 40);
  const [metadata] = areas.metadata;
  if (!metadata) throw new Unreadable('LVM without metadata on this volume');
  return { id: sector.toString('latin1', start, start + 32), text: readText(blocks, metadata) };
}

interface Area {
  readonly offset: number;
  readonly size: number;
}

/** Two lists, each ended by zeros: where data is, and where metadata is. */
function readAreas(sector: Buffer, start: number): { readonly metadata: readonly Area[] } {
  const lists: Area[][] = [[], []];
  let at = start;
  for (const list of lists) {
    for (; readU64(sector, at, 'LE') !== 0; at += 16) {
      list.push({ offset: readU64(sector, at, 'LE'), size: readU64(sector, at + 8, 'LE') });
    }
    at += 16;
  }
  return { metadata: lists[1] ?? [] };
}

/** The text goes round in its area: what does not fit at the end goes on behind the area's header. */
function readText(blocks: Blocks, area: Area): string {
  const header = blocks.read(area.offset, SECTOR);
  if (header.toString('latin1', 4, 20) !== MAGIC) throw new Unreadable('LVM with corrupt metadata');
  const offset = readU64(header, 40, 'LE');
  const size = readU64(header, 48, 'LE');
  if (size > LARGEST_TEXT || offset > area.size || size === 0) throw new Unreadable('LVM with corrupt metadata');
  const straight = Math.min(size, area.size - offset);
  return Buffer.concat([
    blocks.read(area.offset + offset, straight),
    blocks.read(area.offset + SECTOR, size - straight),
  ]).toString('latin1');
}

function readGroup(name: string, group: LvmSection, disks: ReadonlyMap<string, Blocks>): readonly LogicalVolume[] {
  const extent = asNumber(group.extent_size) * SECTOR;
  const physical = new Map(
    Object.entries(asSection(group.physical_volumes ?? {})).map(([key, value]) => {
      const pv = asSection(value);
      return [key, { disk: disks.get(asText(pv.id).replaceAll('-', '')), start: asNumber(pv.pe_start) * SECTOR }];
    }),
  );
  return Object.entries(asSection(group.logical_volumes ?? {})).map(([volume, value]) => {
    const segments = Object.entries(asSection(value)).filter(([key]) => /^segment\d+$/.test(key));
    const runs = segments.map(([, segment]) => readSegment(asSection(segment), extent, physical));
    return { names: namesOf(name, volume), blocks: joined(runs.sort((a, b) => a.at - b.at)) };
  });
}

/** In /dev/mapper a dash parts the two names, and is doubled inside of them. */
function namesOf(group: string, volume: string): readonly string[] {
  return [`/dev/${group}/${volume}`, `/dev/mapper/${group.replaceAll('-', '--')}-${volume.replaceAll('-', '--')}`];
}

/** A piece of a logical volume in one piece of a disk; the reason where that cannot be said. */
interface Run {
  readonly at: number;
  readonly size: number;
  readonly place: number;
  readonly disk: Blocks | string;
}

function readSegment(
  segment: LvmSection,
  extent: number,
  physical: ReadonlyMap<string, { readonly disk: Blocks | undefined; readonly start: number }>,
): Run {
  const at = asNumber(segment.start_extent) * extent;
  const size = asNumber(segment.extent_count) * extent;
  const type = asText(segment.type);
  if (type !== 'striped' || asNumber(segment.stripe_count) !== 1)
    return { at, size, place: 0, disk: `LVM of type ${type} is not read here` };
  const [name = '', first = '0'] = asTexts(segment.stripes);
  const found = physical.get(name);
  const disk = found?.disk ?? 'a part of its volume group is not in this image';
  return { at, size, place: (found?.start ?? 0) + Number(first) * extent, disk };
}

function joined(runs: readonly Run[]): Blocks {
  const size = runs.reduce((sum, run) => Math.max(sum, run.at + run.size), 0);
  return {
    size,
    read: (offset, length) => {
      const pieces: Buffer[] = [];
      for (let at = offset; at < offset + length; ) {
        const run = runs.find((r) => at >= r.at && at < r.at + r.size);
        if (!run) throw new Unreadable('it is corrupt: outside of its logical volume');
        if (typeof run.disk === 'string') throw new Unreadable(run.disk);
        const end = Math.min(offset + length, run.at + run.size);
        pieces.push(run.disk.read(run.place + at - run.at, end - at));
        at = end;
      }
      return Buffer.concat(pieces, length);
    },
  };
}
