/** The module's parser under libFuzzer, for a moment: `npm run test:vm` goes on for ten million executions. */

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { breakParser, MUTATIONS } from '../support/parser/mutations.ts';
import { compileFuzzer, fuzz, MODULE } from '../support/parser/program.ts';

const EXECUTIONS = 500_000;

const folder = mkdtempSync(join(tmpdir(), 'toa-bake-fuzz-'));
afterAll(() => rm(folder, { recursive: true }));

/** The fuzzer has no model: it is there for what is read or written where nothing must be. */
const OVER_READS = MUTATIONS.filter(([fault]) => fault.startsWith('reads '));

it.each(OVER_READS)('control: finds a parser that %s', async (...mutation) => {
  const directory = await breakParser(folder, mutation);
  const { code, log } = await fuzz(await compileFuzzer(directory, directory), EXECUTIONS, directory);
  expect(code).not.toBe(0);
  expect(log).toContain('heap-buffer-overflow');
});

it(`takes ${EXECUTIONS.toLocaleString('en')} lists of a fuzzer`, async () => {
  const { code, executions, log } = await fuzz(await compileFuzzer(MODULE, folder), EXECUTIONS, folder);
  expect(code, log).toBe(0);
  expect(executions).toBeGreaterThanOrEqual(EXECUTIONS);
});
