/** Ways to break the parser, each of which the tests must see. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MODULE } from './program.ts';

/** What is wrong then; what is in option.h, and what takes its place. */
export type Mutation = readonly [fault: string, text: string, broken: string];

/** Every mutation is one that changes what the parser says of some list, or what it reads. */
export const MUTATIONS: readonly Mutation[] = [
  ['reads one byte beyond the list', 'p[1] > len ? 0', 'p[1] > len + 1 ? 0'],
  ['reads a length that is not there', 'len < 2 || p[1] > len', 'p[1] > len'],
  ['reads the length of another kind that is not there', 'i + 1 < len && ', ''],
  ['reads on behind the list', 'while (i < len && p[i])', 'while (p[i])'],
  ['believes a length of 1', 'p[i + 1] >= 2', 'p[i + 1] >= 1'],
  ['believes that 3 is the least length', 'p[i + 1] >= 2', 'p[i + 1] >= 3'],
  ['goes on behind the end of the list', 'while (i < len && p[i])', 'while (i < len)'],
  ['takes padding for an option', 'p[i] == 1)', 'p[i] == 2)'],
  [
    'forgives what is wrong',
    'i < len ? toa_decode(p + i, len - i, out)',
    'i < len && p[i + 1] > 7 ? toa_decode(p + i, len - i, out)',
  ],
  ['takes any kind that it knows', 'kinds & toa_kind_bit(p[i])', '(kinds | 255) & toa_kind_bit(p[i])'],
  ['passes over kind 28', 'p[i] >= 28', 'p[i] > 28'],
  ['knows another kind', '253, 252', '251, 252'],
  ['looks for the version in another kind', 'p[0] == 28', 'p[0] == 200'],
  ['takes any length', 'if (size != head + 4 && !out->ipv6)', 'if (size < head + 4)'],
  ['takes a long form that is too short', 'size == head + 16', 'size == head + 15'],
  ['believes version 0', 'p[2] != 1', 'p[2] > 1'],
  ['wants a port above 255', '!(p[2] | p[3])', '!p[2]'],
  ['believes port 0', '!(p[2] | p[3])', '0'],
  ['moves the port', 'p + 2, 2)', 'p + 1, 2)'],
  ['moves the address', 'out->addr + 16 - (size - head)', 'out->addr + 15 - (size - head)'],
  ['believes 0.0.0.0', 'memcmp(addr, any4, 16) &&', ''],
  ['believes 127.0.0.0/8', 'addr[12] != 127', 'addr[12] != 126'],
  ['refuses 240.0.0.0/4', 'addr[12] >> 4 != 14', 'addr[12] >> 5 != 7'],
  ['believes multicast', 'addr[12] >> 4 != 14', '1'],
  ['refuses more than broadcast', '"\\377\\377\\377\\377", 4)', '"\\377\\377\\377\\377", 3)'],
  ['believes ::1', 'addr[15] > 1', 'addr[15] > 0'],
  ['believes ff00::/8', 'addr[0] != 255', 'addr[0] != 254'],
  ['takes ::1:2:3 for IPv4', 'memcmp(addr, any4, 12)', 'memcmp(addr, any4, 10)'],
];

/** A new directory in `folder` with a broken option.h. Throws where the mutation no longer fits. */
export async function breakParser(folder: string, [fault, text, broken]: Mutation): Promise<string> {
  const sound = await readFile(join(MODULE, 'option.h'), 'utf8');
  if (sound.split(text).length !== 2) throw new Error(`option.h has not one "${text}"`);
  const directory = join(folder, fault.replaceAll(/\W/g, '-'));
  await mkdir(directory);
  await writeFile(
    join(directory, 'option.h'),
    sound.replace(text, () => broken),
  );
  return directory;
}
