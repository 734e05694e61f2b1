import { styleText } from 'node:util';
import type { Problem } from '../spec/types.ts';
import { printCount } from './count.ts';
import { printable } from './printable.ts';

/** More than this nobody reads; `plan --json` has them all. */
const MOST_SHOWN = 100;

/** Problems as people read them: place, severity, sentence, code, and what to do, in the order of the file. */
export function printProblems(problems: readonly Problem[], file: string, colour: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colour ? styleText(style, text) : text;
  const shown = inOrder(problems)
    .slice(0, MOST_SHOWN)
    .map((p) => {
      const place = p.line ? `${printable(file)}:${p.line}:${p.column}: ` : '';
      const severity = paint(p.severity === 'error' ? 'red' : 'yellow', p.severity);
      const hint = p.hint ? `  ${paint('cyan', 'hint:')} ${printable(p.hint)}\n` : '';
      return `${place}${severity}: ${printable(p.message)} [${p.code}]\n${hint}`;
    });
  const more = problems.length - shown.length;
  return shown.join('') + (more > 0 ? `and ${printCount(more)} more; toa-bake plan --json lists them all\n` : '');
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
