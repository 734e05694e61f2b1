import { styleText } from 'node:util';
import type { Problem } from '../spec/types.ts';

/** Problems as people read them: place, severity, code, sentence, and what to do, in the order of the file. */
export function printProblems(problems: readonly Problem[], file: string, colour: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colour ? styleText(style, text) : text;
  return inOrder(problems)
    .map((p) => {
      const place = p.line ? `${file}:${p.line}:${p.column}: ` : '';
      const severity = paint(p.severity === 'error' ? 'red' : 'yellow', p.severity);
      return `${place}${severity}: ${p.message} [${p.code}]\n${p.hint ? `  ${paint('cyan', 'hint:')} ${p.hint}\n` : ''}`;
    })
    .join('');
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
