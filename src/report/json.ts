import { printable } from './printable.ts';
import type { Report } from './types.ts';

/** The report as one JSON document, as report.schema.json describes it. */
export function printJson(report: Report): string {
  return `${printable(JSON.stringify(report, null, 2))}\n`;
}
