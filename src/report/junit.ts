import { CODES } from './codes.ts';
import { type Cell, cellsOf } from './findings.ts';
import template from './junit.xml.hbs';
import { printable } from './printable.ts';
import type { ImageReport, Report } from './types.ts';

/** The report as JUnit XML: a suite an image, a case a check and kernel. Unknown is an error, and a warning none unless strict. */
export function printJunit({ images, problems, strict }: Report): string {
  const suites = [
    ...images.map((image) => suiteOf(image, strict)),
    ...(problems.length > 0
      ? [
          suite(
            'spec',
            problems.map(({ code, severity, message }) => ({
              name: code,
              kind: severity === 'error' ? 'failure' : null,
              message,
              detail: message,
            })),
          ),
        ]
      : []),
  ];
  return template({ suites, ...total(suites) });
}

interface Case {
  readonly name: string;
  readonly kind: 'failure' | 'error' | 'skipped' | null;
  readonly message: string;
  readonly detail: string;
}

interface Suite {
  readonly name: string;
  readonly cases: readonly Case[];
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
}

function suiteOf({ what, findings }: ImageReport, strict: boolean): Suite {
  return suite(
    what,
    cellsOf(findings).map((cell) => caseOf(cell, strict)),
  );
}

function suite(name: string, cases: readonly Case[]): Suite {
  const count = (kind: Case['kind']): number => cases.filter((one) => one.kind === kind).length;
  const safe = cases.map((one) => ({
    ...one,
    name: clean(one.name),
    message: clean(one.message),
    detail: clean(one.detail),
  }));
  return {
    name: clean(name),
    cases: safe,
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}

function caseOf({ code, kernel, status, severity, findings }: Cell, strict: boolean): Case {
  const said = findings.filter((finding) => finding.status === status).map(({ message }) => message);
  const isFailure = status === 'fails' && (severity === 'error' || strict);
  const kind = isFailure ? 'failure' : status === 'unknown' ? 'error' : status === 'skipped' ? 'skipped' : null;
  const places = findings
    .flatMap(({ evidence }) => evidence)
    .map(({ path, line, text }) => `${path}${line > 0 ? `:${line}` : ''} ${text}`.trim());
  const cure = status === 'fails' ? [`What to do: ${findings.find(({ hint }) => hint)?.hint ?? CODES[code].cure}`] : [];
  const lead = status === 'fails' && !isFailure ? 'warning: ' : '';
  return {
    name: kernel === null ? code : `${code} ${kernel}`,
    kind,
    message: said.join('; '),
    detail: [`${lead}${said.join('; ')}`, ...cure, ...new Set(places)].join('\n'),
  };
}

function total(suites: readonly Suite[]): Omit<Suite, 'name' | 'cases'> {
  const sum = (key: 'tests' | 'failures' | 'errors' | 'skipped'): number =>
    suites.reduce((all, one) => all + one[key], 0);
  return { tests: sum('tests'), failures: sum('failures'), errors: sum('errors'), skipped: sum('skipped') };
}

/** XML has no way to write most control characters, nor half of a surrogate pair, nor the two that are no characters. */
function clean(text: string): string {
  return printable(text).replace(/[\ufffe\uffff]/g, '\ufffd');
}
