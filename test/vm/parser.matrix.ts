/** The module's parser under libFuzzer for as long as its README says, and broken parsers that the differential test must see. */

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { question } from '../support/parser/lists.ts';
import { breakParser, MUTATIONS } from '../support/parser/mutations.ts';
import { compileFuzzer, compileVerdicts, disagreements, fuzz, MODULE } from '../support/parser/program.ts';

const EXECUTIONS = 10_000_000;
const LISTS = 20_000;

const folder = mkdtempSync(join(tmpdir(), 'toa-bake-fuzz-'));
afterAll(() => rm(folder, { recursive: true }));

it(`takes ${EXECUTIONS.toLocaleString('en')} lists of a fuzzer`, async () => {
  const { code, executions, log } = await fuzz(await compileFuzzer(MODULE, folder), EXECUTIONS, folder);
  expect(code, log).toBe(0);
  expect(executions).toBeGreaterThanOrEqual(EXECUTIONS);
  // biome-ignore lint/suspicious/noConsole: figures for the note
  console.log(/^#\d+\s+DONE.*$/m.exec(log)?.[0]);
});

const questions = fc.sample(question, LISTS);

it.each(MUTATIONS)('the model finds a parser that %s', async (...mutation) => {
  const directory = await breakParser(folder, mutation);
  const program = await compileVerdicts(directory, directory);
  // A sanitizer's report is as good.
  const found = await disagreements(program, questions).catch((error: Error) => [error.message]);
  expect(found).not.toEqual([]);
});
