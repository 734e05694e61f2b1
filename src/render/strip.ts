import type { GuestFile } from '../catalog/guest.ts';

/**
 * A guest file as it travels: without full-line comments and blank lines. They explain the code to who reads the repository; in
 * user-data every byte counts. The first line (interpreter, or licence) stays. Nothing else changes, so that line by line the
 * machine runs what was tested.
 */
export function stripComments(text: string, comments: GuestFile['comments']): string {
  const [first = '', ...rest] = text.split('\n');
  const body = comments === 'C' ? stripC(rest.join('\n')).split('\n') : rest.filter((line) => !/^\s*#/.test(line));
  return `${[first, ...body.filter((line) => line.trim() !== '')].map((line) => line.trimEnd()).join('\n')}\n`;
}

/** C's comments, wherever they stand; strings and character constants are left alone. */
function stripC(text: string): string {
  const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(token, (found) => (found.startsWith('/') ? '' : found));
}
