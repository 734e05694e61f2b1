/** What HCL can say as a plain value. */
export type HclValue = string | number | boolean | null | readonly HclValue[] | HclObject;

/** Keys in the order in which they are printed. */
export interface HclObject {
  readonly [key: string]: HclValue;
}

/**
 * A value as HCL source, laid out as `packer fmt` and `terraform fmt` do it (but for objects in lists, of which they think
 * otherwise); `depth` counts the braces around it. A string means itself: nothing in it is interpolated. HCL itself reads every
 * string in Unicode's normal form C.
 */
export function printHcl(value: HclValue, depth = 0): string {
  if (typeof value === 'string') return printString(value);
  if (typeof value === 'number') return printNumber(value);
  if (Array.isArray(value)) return `[${value.map((item) => printHcl(item, depth)).join(', ')}]`;
  if (value !== null && typeof value === 'object') return printObject(Object.entries(value), depth);
  return String(value);
}

/** The attributes of an object or a block, one a line, with their signs of equality below each other. */
export function printAttributes(entries: readonly (readonly [string, HclValue])[], depth = 0): string {
  const texts = entries.map(([key, value]) => [printKey(key), printHcl(value, depth)] as const);
  // The formatter aligns neighbours that take one line; what takes more stands for itself.
  const isLong = (index: number): boolean => texts[index]?.[1].includes('\n') ?? true;
  return texts
    .map(([key, text], index) => `${'  '.repeat(depth)}${key.padEnd(widthAround(texts, isLong, index))} = ${text}\n`)
    .join('');
}

function widthAround(
  texts: readonly (readonly [string, string])[],
  isLong: (index: number) => boolean,
  index: number,
): number {
  if (isLong(index)) return 0;
  let [first, last] = [index, index];
  while (!isLong(first - 1)) first--;
  while (!isLong(last + 1)) last++;
  return Math.max(...texts.slice(first, last + 1).map(([key]) => [...key].length));
}

function printObject(entries: readonly (readonly [string, HclValue])[], depth: number): string {
  if (entries.length === 0) return '{}';
  return `{\n${printAttributes(entries, depth + 1)}${'  '.repeat(depth)}}`;
}

/** Words that mean something at the beginning of an object. */
const KEYWORDS: readonly string[] = ['for', 'if', 'in', 'true', 'false', 'null'];

function printKey(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) && !KEYWORDS.includes(key) ? key : printString(key);
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function printString(text: string): string {
  if (/\p{Cs}/u.test(text)) throw new Error(`not Unicode: ${JSON.stringify(text)}`);
  const escaped = text
    .replace(/["\\]|\p{C}|\p{Z}(?<! )/gu, (char) => ESCAPES[char] ?? printEscape(char.codePointAt(0) ?? 0))
    .replace(/[$%](?=\{)/g, '$&$&');
  return `"${escaped}"`;
}

function printEscape(codePoint: number): string {
  const hex = codePoint.toString(16);
  return codePoint > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

function printNumber(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`no number in HCL: ${value}`);
  return String(value);
}
