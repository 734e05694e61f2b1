/** The support matrix, and what each row says of how far it was proven. */

import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { TARGETS } from '../../src/plan/targets.ts';
import { inRepo } from '../support/cli.ts';
import { ROW_FACTS } from '../support/row-facts.ts';
import { SERVED } from '../support/suite-index.ts';

describe('the support matrix', () => {
  it('stands in the README as the catalog has it', () => {
    expect(execFileSync('node', ['scripts/support.mjs', '--check'], { cwd: inRepo(''), encoding: 'utf8' })).toBe('');
  });
});

describe('evidence', () => {
  const ids = (some: readonly { readonly id: string }[]) => some.map(({ id }) => id).sort();
  const of = (...levels: readonly string[]) => ids(TARGETS.filter(({ evidence }) => levels.includes(evidence)));

  it('is emulated or better only where the row runs on its own package lists', () => {
    expect(of('booted', 'emulated')).toEqual(Object.keys(SERVED).sort());
  });

  it('is documented where it runs on facts that were read, each with its source', () => {
    expect(of('documented')).toEqual(Object.keys(ROW_FACTS).sort());
    const facts = Object.values(ROW_FACTS).flatMap(({ kernels }) => kernels);
    expect(facts.filter(({ source }) => source.trim().length < 10)).toEqual([]);
  });
});
