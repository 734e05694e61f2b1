import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expect as expectation } from '../../src/checks/expectation.ts';
import { judge } from '../../src/checks/index.ts';
import { known } from '../../src/checks/look.ts';
import { parseFacts } from '../../src/facts/saved.ts';
import type { Facts } from '../../src/facts/types.ts';
import { printJson } from '../../src/report/json.ts';
import schema from '../../src/report/report.schema.json' with { type: 'json' };
import { makeReport, reportImage } from '../../src/report/report.ts';
import { printText } from '../../src/report/text.ts';
import type { Report } from '../../src/report/types.ts';
import { goodFacts, liveFacts, pageFacts } from '../support/facts.ts';
import { MUTATIONS } from './mutations.ts';

function reportOf(facts: Facts, strict = false): Report {
  const expected = expectation(facts, null);
  if (expected.state !== 'known') throw new Error('there is always something to judge by without a spec');
  return makeReport([reportImage('x', facts, expected.value, judge(facts, expected.value), strict)], [], strict);
}

const fits = new Ajv({ allowUnionTypes: true }).compile(schema);

describe('the JSON report', () => {
  it.each(MUTATIONS.map(({ name, facts }) => [name, facts] as const))('%s: fits the published schema', (_, facts) => {
    expect([fits(JSON.parse(printJson(reportOf(facts)))), fits.errors]).toEqual([true, null]);
  });

  it.each(['report', 'outcome', 'strict', 'images', 'problems'])('without %s it does not fit', (key) => {
    expect(fits({ ...reportOf(goodFacts()), [key]: undefined })).toBe(false);
  });
});

describe('the outcome', () => {
  it.each([
    ['holds', []],
    ['warns', ['warning']],
    ['unknown', ['warning', 'unknown']],
    ['fails', ['unknown', 'error']],
  ] as const)('%s', (outcome, kinds) => {
    const findings = kinds.map((kind) => ({
      code: 'option/kind' as const,
      severity: kind === 'warning' ? ('warning' as const) : ('error' as const),
      status: kind === 'unknown' ? ('unknown' as const) : ('fails' as const),
      message: '',
      evidence: [],
    }));
    const expected = expectation(goodFacts(), null);
    if (expected.state !== 'known') throw new Error('it is known');
    expect(reportImage('x', goodFacts(), expected.value, findings, false).outcome).toBe(outcome);
    const strict = reportImage('x', goodFacts(), expected.value, findings, true).outcome;
    expect(strict).toBe(outcome === 'warns' || (outcome === 'unknown' && kinds.length > 1) ? 'fails' : outcome);
  });
});

describe('saved facts', () => {
  it.each([
    ['an image', goodFacts()],
    ['a running machine', liveFacts()],
    ['a machine by the page', pageFacts()],
  ])('%s: are the same when they come back', (_, facts) => {
    expect(parseFacts(JSON.stringify(facts))).toEqual(known(facts));
  });

  it('every part is needed, and of its type', () => {
    const facts = liveFacts() as unknown as Record<string, unknown>;
    for (const key of Object.keys(facts)) {
      expect(parseFacts(JSON.stringify({ ...facts, [key]: undefined })).state, `without ${key}`).toBe('unknown');
      expect(parseFacts(JSON.stringify({ ...facts, [key]: 7 })).state, `${key}: 7`).toBe('unknown');
      expect(parseFacts(JSON.stringify({ ...facts, [key]: null })).state, `${key}: null`).toBe('unknown');
    }
  });

  it('any damage to the text is either seen, or leaves facts that can be judged', () => {
    const text = JSON.stringify(liveFacts());
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, flip, cut) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        const facts = parseFacts((cut ? damaged.subarray(0, at) : damaged).toString());
        if (cut) expect(facts.state).toBe('unknown');
        if (facts.state === 'known') printText(reportOf(facts.value));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('text', () => {
  it('says each thing on one line that a terminal only shows', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (nasty) => {
        const facts = goodFacts({
          os: known({ id: 'debian', versionId: '12', name: nasty, prettyName: nasty }),
          hygiene: { ...goodFacts().hygiene, leftovers: known([nasty]) },
        });
        const lines = printText(reportOf(facts)).split('\n');
        expect(lines.length).toBe(printText(reportOf({ ...facts, os: goodFacts().os })).split('\n').length);
        expect(lines.join('')).not.toMatch(/[^\P{Cc}]|[\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  it('fits on a screen when all holds', () => {
    expect(printText(reportOf(goodFacts())).split('\n').length).toBeLessThan(15);
  });
});
