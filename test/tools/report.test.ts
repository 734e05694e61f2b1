/** Generated files are current, and JUnit reports are XML to a real parser, whatever an image has put into them. */

import { execa } from 'execa';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expect as expectation } from '../../src/checks/expectation.ts';
import { judge } from '../../src/checks/index.ts';
import { known } from '../../src/checks/look.ts';
import { printJunit } from '../../src/report/junit.ts';
import { makeReport, reportImage } from '../../src/report/report.ts';
import { inRepo } from '../support/cli.ts';
import { goodFacts } from '../support/facts.ts';
import { MUTATIONS } from '../unit/mutations.ts';

it.each(['schemas', 'codes', 'reliability', 'performance'])('what scripts/%s.mjs writes is current', async (script) => {
  const { exitCode, all } = await execa('node', [`scripts/${script}.mjs`, '--check'], {
    cwd: inRepo('.'),
    reject: false,
    all: true,
  });
  expect([exitCode, all]).toEqual([0, '']);
});

/** Reads documents, one a line as JSON, and says of each its counts: those it states, and those of the elements it has. */
const READER = `
import json, sys, xml.etree.ElementTree as E
for line in sys.stdin:
    root = E.fromstring(json.loads(line).encode())
    keys = {'tests': 'testcase', 'failures': 'testcase/failure', 'errors': 'testcase/error', 'skipped': 'testcase/skipped'}
    print(json.dumps([{
        'name': suite.get('name'),
        'cases': [[case.get('name'), [child.tag for child in case], [child.text for child in case]] for case in suite.iter('testcase')],
        'stated': {k: int(suite.get(k)) for k in keys}, 'found': {k: len(suite.findall(p)) for k, p in keys.items()},
    } for suite in root.iter('testsuite')]))
`;

interface Suite {
  readonly name: string;
  readonly cases: readonly (readonly [string, readonly string[], readonly string[]])[];
  readonly stated: object;
  readonly found: object;
}

async function readXml(documents: readonly string[]): Promise<readonly (readonly Suite[])[]> {
  const input = documents.map((text) => `${JSON.stringify(text)}\n`).join('');
  const { stdout } = await execa('python3', ['-c', READER], { input });
  return stdout.split('\n').map((line) => JSON.parse(line) as readonly Suite[]);
}

function junitOf(what: string, facts = goodFacts(), strict = false): string {
  const expected = expectation(facts, null);
  if (expected.state !== 'known') throw new Error('there is always something to judge by without a spec');
  return printJunit(
    makeReport([reportImage(what, facts, expected.value, judge(facts, expected.value), strict)], [], strict),
  );
}

describe('JUnit', () => {
  it('counts what it has, and tells failures, errors and skipped apart', async () => {
    const suites = (await readXml(MUTATIONS.map(({ name, facts }) => junitOf(name, facts)))).flat();
    expect(suites.length).toBe(MUTATIONS.length);
    for (const [i, { name, stated, found, cases }] of suites.entries()) {
      expect(found).toEqual(stated);
      expect(name).toBe(MUTATIONS[i]?.name);
      expect(new Set(cases.map(([one]) => one)).size).toBe(cases.length);
    }
    const kinds = suites.flatMap(({ cases }) => cases.flatMap(([, tags]) => tags));
    expect([...new Set(kinds)].sort()).toEqual(['error', 'failure', 'skipped', 'system-out']);
  });

  it('takes a warning for a failure only when strict', async () => {
    const facts = goodFacts({ hygiene: { ...goodFacts().hygiene, leftovers: known(['/tmp/x']) } });
    const [[loose] = [], [strict] = []] = await readXml([junitOf('x', facts), junitOf('x', facts, true)]);
    expect([loose?.stated, strict?.stated]).toMatchObject([{ failures: 0 }, { failures: 1 }]);
  });

  it('is XML whatever stands in names and texts', async () => {
    const nasty = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), { numRuns: 300, seed: 4 });
    const tricks = [...nasty, ']]><!--', '<!DOCTYPE a [<!ENTITY b "c">]>&b;', '\u0000\u001b\ufffe\uffff\ud800"\'&<>'];
    const documents = tricks.map((text) =>
      junitOf(text, goodFacts({ hygiene: { ...goodFacts().hygiene, leftovers: known([text]) } })),
    );
    const read = await readXml(documents);
    expect(read.length).toBe(tricks.length);
    for (const [suite] of read) expect(suite?.cases.length).toBeGreaterThan(40);
  });
});
