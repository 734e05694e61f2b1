import { Unreadable } from '../../look.ts';
import type { Blocks } from '../blocks.ts';
import type { Super } from './super.ts';

const SECTOR = 512;
const MAGIC = 0xfeedbabe;
const UNMOUNT = 0x20;
/** A record is 256 KiB at most, with headers for each 32 of them. */
const LONGEST_RECORD = (256 + 16) * 2;
const HEADER_COVERS = 32 * 1024;

/**
 * Throws Unreadable unless the last record in the log says that the file system was unmounted: what else is in it would be put
 * in place by the next mount, and is not read here.
 */
export function checkLog(blocks: Blocks, { log }: Super): void {
  if (!log) throw new Unreadable('the log of XFS is on another device');
  const sector = (index: number): Buffer => blocks.read(log.place + index * SECTOR, SECTOR);
  const head = findHead((index) => cycleOf(sector(index)), Math.floor(log.size / SECTOR));
  for (let back = 1; back <= Math.min(LONGEST_RECORD, head); back++) {
    const header = sector(head - back);
    if (header.readUInt32BE(0) !== MAGIC) continue;
    const headers = Math.max(1, Math.ceil(header.readUInt32BE(320) / HEADER_COVERS));
    const isUnmount = header.readUInt32BE(40) === 1 && (sector(head - back + headers).readUInt8(9) & UNMOUNT) !== 0;
    if (isUnmount) return;
    break;
  }
  throw new Unreadable(
    'XFS that was not unmounted: its log holds changes that are not in place; mount and unmount it once',
  );
}

/** Each sector begins with how often the log has been gone round; a record's first one says so after its mark. */
function cycleOf(sector: Buffer): number {
  return sector.readUInt32BE(sector.readUInt32BE(0) === MAGIC ? 4 : 0);
}

/** Behind the sector that was written last: the first whose cycle is another than that of the log's first. */
function findHead(cycle: (index: number) => number, sectors: number): number {
  const first = cycle(0);
  let low = 0;
  let high = sectors;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (cycle(middle) === first) low = middle;
    else high = middle;
  }
  return high;
}
