import { CODES, type Code, type CodeId } from './codes.ts';
import { type Cell, cellsOf, type Trouble, troubleOf } from './findings.ts';
import template from './page.html.hbs';
import { printable } from './printable.ts';
import type { ImageReport, Outcome, Report } from './types.ts';

/** The report as one HTML page: no script, no network; whatever came from an image is escaped by the template engine. */
export function printHtml({ images, problems, strict, outcome }: Report): string {
  const page = { outcome, words: OUTCOME[outcome], problems, images: images.map((image) => describe(image, strict)) };
  return template(harmless(page));
}

const OUTCOME: Readonly<Record<Outcome, string>> = {
  holds: 'all holds',
  warns: 'holds, with warnings',
  unknown: 'not all could be determined',
  unusable: 'no target of the spec fits',
  fails: 'does not hold',
};

/** A column of the matrix: the machine as a whole, or one of its kernels. */
interface Column {
  readonly kernel: string | null;
  readonly title: string;
  readonly next: boolean;
}

function describe(image: ImageReport, strict: boolean): object {
  const cells = cellsOf(image.findings);
  const columns: readonly Column[] = [
    { kernel: null, title: 'machine', next: false },
    ...image.kernels.map(({ release, next }) => ({ kernel: release, title: release, next })),
  ];
  return {
    ...image,
    words: OUTCOME[image.outcome],
    system: image.os || (image.source ? 'unknown system' : 'could not be looked at'),
    by: describeJudge(image),
    troubles: troubleOf(image.findings, strict).map(describeTrouble),
    counts: countLooks(cells, strict),
    columns,
    areas: describeAreas(cells, columns, strict),
  };
}

function countLooks(cells: readonly Cell[], strict: boolean): readonly object[] {
  const looks = cells.map((cell) => lookOf(cell, strict));
  return Object.entries(SHOWN).map(([look, { word }]) => ({
    look,
    word,
    count: looks.filter((one) => one === look).length,
  }));
}

function describeJudge({ judgedBy, source }: ImageReport): string {
  if (!source) return '';
  if (judgedBy.from === 'spec') return `judged by the spec${judgedBy.target && `, target ${judgedBy.target}`}`;
  return judgedBy.from === 'receipt' ? 'judged by its own receipt' : 'judged by its soundness alone';
}

function describeTrouble(trouble: Trouble): object {
  const isOne = trouble.codes.length === 1;
  const kernels = trouble.kernels.filter((kernel) => !trouble.message.includes(kernel)).join(', ');
  return { ...trouble, kernels: isOne ? kernels : '', why: isOne ? trouble.why : '' };
}

/** Rows by area, in the order of the checks; a row has a cell for each column, empty where the check has nothing to say there. */
function describeAreas(cells: readonly Cell[], columns: readonly Column[], strict: boolean): readonly object[] {
  const codes = [...new Set(cells.map(({ code }) => code))];
  const areas = [...new Set(codes.map(areaOf))];
  return areas.map((area) => ({
    area,
    rows: codes
      .filter((code) => areaOf(code) === area)
      .map((code) => ({
        code,
        ...(CODES[code] satisfies Code),
        cells: columns.map(({ kernel }) =>
          describeCell(
            cells.find((cell) => cell.code === code && cell.kernel === kernel),
            strict,
          ),
        ),
      })),
  }));
}

function areaOf(code: CodeId): string {
  return code.split('/')[0] ?? '';
}

function describeCell(cell: Cell | undefined, strict: boolean): object {
  if (!cell) return { findings: [] };
  const look = lookOf(cell, strict);
  return { ...SHOWN[look], look, findings: cell.findings };
}

function lookOf({ status, severity }: Cell, strict: boolean): keyof typeof SHOWN {
  return status === 'fails' && severity === 'warning' && !strict ? 'warns' : status;
}

/** Told apart by sign and word, not by colour alone. */
const SHOWN = {
  holds: { sign: '✓', word: 'ok' },
  fails: { sign: '✗', word: 'fault' },
  unknown: { sign: '?', word: 'unknown' },
  warns: { sign: '!', word: 'warning' },
  skipped: { sign: '–', word: 'n/a' },
} as const;

/** The same data with every string fit to be shown: an override of the writing direction could make a page say the opposite. */
function harmless(data: unknown): unknown {
  if (typeof data === 'string') return printable(data);
  if (Array.isArray(data)) return data.map(harmless);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, harmless(value)]));
}
