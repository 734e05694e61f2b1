import type { GuestFile } from '../catalog/guest.ts';

type Language = GuestFile['language'];

/**
 * A guest file as it travels: without comments on lines of their own (C: without any), blank lines and, where they mean nothing,
 * indentation by tabs and C's spaces. They explain the code to who reads the repository; in user-data every byte counts. The first line
 * (interpreter, or licence) stays, and so does every statement: line by line the machine runs what was tested.
 */
export function strip(text: string, language: Language): string {
  const [first = '', ...rest] = text.split('\n');
  const lines = language === 'c' ? stripC(rest.join('\n')).split('\n') : rest.filter((line) => !/^\s*#/.test(line));
  const kept = lines.filter((line) => line.trim() !== '').map((line) => unindent(line, language).trimEnd());
  return `${[first, ...kept].join('\n')}\n`;
}

/** In shell tabs only: text that is meant to be printed (a here-document) is indented by spaces. In Python one space a level. */
function unindent(line: string, language: Language): string {
  if (language === 'c') return tighten(line.replace(/^\t+/, ''));
  if (language === 'sh') return line.replace(/^\t+/, '');
  return language === 'python' ? line.replace(/^(?: {4})+/, (spaces) => ' '.repeat(spaces.length / 4)) : line;
}

/**
 * Spaces beside a bracket, comma or semicolon, or between a word and another sign: what they part cannot become one token. Two signs keep
 * theirs (`- -`, `/ *`), and so do plus and minus after a word, which would belong to a number (`0xe -1`). Left alone: strings, and lines of the preprocessor, where a space may tell a macro's name from its text.
 */
function tighten(line: string): string {
  if (/^#|["'\\]/.test(line)) return line.replace(/\s+\\$/, '\\');
  return line.replace(/(?<=\w) (?=[^\w\s+-])|(?<=[^\w\s]) (?=\w)|(?<=[(){}[\],;]) | (?=[(){}[\],;])/g, '');
}

/** C's comments, wherever they stand: each is a space, as in C itself. Strings and character constants are left alone. */
function stripC(text: string): string {
  const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(token, (found) => (found.startsWith('/') ? ' ' : found));
}
