import type { Status } from '../checks/types.ts';
import type { CodeId } from './codes.ts';
import { cellsOf, type Trouble, troubleOf } from './findings.ts';
import { printable } from './printable.ts';
import { printTable } from './table.ts';
import type { ImageReport, Outcome, Report } from './types.ts';

/** The report for people: of each image what it is, what is wrong and what to do, and how much holds. */
export function printText({ images, strict }: Report): string {
  const parts = images.map((image) => printImage(image, strict));
  return [...parts, ...(images.length > 1 ? [printTotal(images)] : [])].join('\n');
}

function printImage(image: ImageReport, strict: boolean): string {
  const troubles = troubleOf(image.findings, strict).map(printTrouble).join('');
  const head = `${flat(image.what)}: ${OUTCOME[image.outcome]}\n`;
  return `${head}${printTable(keyFacts(image))}${troubles}  ${printCounts(image)}\n`;
}

const OUTCOME: Readonly<Record<Outcome, string>> = {
  holds: 'all holds',
  warns: 'holds, with warnings',
  unknown: 'UNKNOWN',
  unusable: 'NOT JUDGED',
  fails: 'FAILS',
};

/** What a check found when it held is what people want to know of a machine. */
const KEY_FACTS: readonly (readonly [string, CodeId])[] = [
  ['boots', 'boot/default-unknown'],
  ['reader', 'module/missing-default'],
  ['loaded by', 'boot/file-missing'],
  ['kinds', 'option/kind'],
  ['trusts', 'trust/differs'],
];

function keyFacts({ os, judgedBy, source, findings }: ImageReport): readonly (readonly string[])[] {
  if (!source) return [];
  const by = {
    spec: judgedBy.target ? `the spec, target ${judgedBy.target}` : 'the spec',
    receipt: 'its own receipt',
    nothing: 'its soundness alone',
  };
  const found = KEY_FACTS.flatMap(([name, code]) => {
    const holding = findings.find((finding) => finding.code === code && finding.status === 'holds');
    return holding ? [[`  ${name}`, flat(holding.message)]] : [];
  });
  return [['  system', flat(os) || '(unknown)'], ...found, ['  judged by', by[judgedBy.from]]];
}

function printTrouble({ kind, message, codes, kernels, cure }: Trouble): string {
  // Many messages name their kernel already.
  const about = codes.length > 1 ? [] : kernels.filter((kernel) => !message.includes(kernel));
  const place = about.length === 0 ? '' : `kernel ${flat(about.join(', '))}: `;
  const what = `  ${kind}: ${place}${flat(message)} [${codes.join(', ')}]\n`;
  return cure === '' ? what : `${what}    ${flat(cure)}\n`;
}

const COUNTED: readonly (readonly [Status, string])[] = [
  ['holds', 'hold'],
  ['fails', 'fail'],
  ['unknown', 'unknown'],
  ['skipped', 'do not apply'],
];

function printCounts({ findings }: ImageReport): string {
  const cells = cellsOf(findings);
  const counts = COUNTED.map(([status, words]) => `${cells.filter((cell) => cell.status === status).length} ${words}`);
  return `checks: ${counts.join(', ')}`;
}

function printTotal(images: readonly ImageReport[]): string {
  const rows = images.map(({ what, outcome }) => [`  ${flat(what)}`, OUTCOME[outcome]]);
  return `${images.length} images\n${printTable(rows)}`;
}

/** What came from an image is one line of harmless text. */
function flat(text: string): string {
  return printable(text).replace(/[\n\t]/g, (c) => (c === '\n' ? '\\n' : '\\t'));
}
