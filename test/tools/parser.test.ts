/** The readers' parsers of TCP options, compiled in user space, against a model of the rules. */

import { mkdtempSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { question } from '../support/parser/lists.ts';
import { judge, type Question, type Verdict } from '../support/parser/model.ts';
import { askParser, compileVerdicts, disagreements, MODULE, PROGRAMS } from '../support/parser/program.ts';

const LISTS = 100_000;

/** Where they are, and how long a list may be: the programs rely on what a TCP header can hold. */
const READERS = { module: [MODULE, 255], ebpf: [PROGRAMS, 40] } as const;
const folder = mkdtempSync(join(tmpdir(), 'toa-bake-parser-'));
const programs = await Promise.all(
  Object.entries(READERS).map(async ([name, [source, most]]) => {
    await mkdir(join(folder, name));
    return [name, await compileVerdicts(source, join(folder, name)), most] as const;
  }),
);
afterAll(() => rm(folder, { recursive: true }));

const V4 = 'cb007109';
const MAPPED = `00000000000000000000ffff${V4}`;
const V6 = '20010db8000000000000000000000007';

const CASES: readonly (readonly [name: string, kinds: readonly number[], list: string, verdict: Verdict])[] = [
  ['nothing', [254], '', 'none'],
  ['the short form', [254], `fe083039${V4}`, `${MAPPED} 12345 short`],
  ['the long form', [254], `fe143039${V6}`, `${V6} 12345 long`],
  ['kind 28', [28], `1c0701${V4}`, `${MAPPED} 0 short`],
  ['kind 28, long', [28], `1c1301${V6}`, `${V6} 0 long`],
  ['kind 28 of another version', [28], `1c0702${V4}`, 'malformed'],
  ['another kind', [253], `fe083039${V4}`, 'none'],
  ['no kind', [], `fe083039${V4}`, 'none'],
  ['behind others', [254, 28], `020405b40101080a0102030405060708fe083039${V4}`, `${MAPPED} 12345 short`],
  ['the first of two', [253, 254], `fd08000a${V4}fe083039${V4}`, `${MAPPED} 10 short`],
  ['the first, even if it is bad', [253, 254], `fd080000${V4}fe083039${V4}`, 'malformed'],
  ['behind the end', [254], `0101${'00'}fe083039${V4}`, 'none'],
  ['behind one without length', [254], `0200fe083039${V4}`, 'none'],
  ['cut off', [254], `fe083039${V4.slice(2)}`, 'malformed'],
  ['without its length', [254], '01fe', 'malformed'],
  ['too long', [254], `fe093039${V4}00`, 'malformed'],
  ['port 0', [254], `fe080000${V4}`, 'malformed'],
  ['a loopback address', [254], 'fe0830397f000001', 'malformed'],
];

describe.each(programs)('%s', (_name, program, most) => {
  it.each(CASES)('%s', async (_, kinds, text, verdict) => {
    const asked: Question = { kinds, list: [...Buffer.from(text, 'hex')] };
    expect(judge(asked)).toBe(verdict);
    expect(await askParser(program, [asked])).toEqual([verdict]);
  });

  it(`says of ${LISTS.toLocaleString('en')} random lists what the rules ask for`, async () => {
    const seed = Date.now() % 2 ** 31;
    const questions = fc.sample(question, { numRuns: LISTS, seed }).filter(({ list }) => list.length <= most);
    expect((await disagreements(program, questions)).slice(0, 3), `seed ${seed}`).toEqual([]);
    // Lists that say nothing prove nothing.
    const wanted = questions.map(judge);
    const share = (what: RegExp) => wanted.filter((verdict) => what.test(verdict)).length / LISTS;
    for (const what of [/none/, /malformed/, /short/, /long/]) expect(share(what), `${what}`).toBeGreaterThan(0.05);
  });
});
