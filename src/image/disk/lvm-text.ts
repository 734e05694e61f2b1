import { Unreadable } from '../look.ts';

/** A section of LVM's metadata: keys with values, or with sections of their own. */
export interface LvmSection {
  readonly [key: string]: LvmValue;
}

/** Numbers are kept as they are written. */
export type LvmValue = string | readonly string[] | LvmSection;

const TOKEN = /\s+|#[^\n]*|"((?:\\.|[^"\\])*)"|([A-Za-z0-9_.+-]+)|([{}[\]=,])|\0+$/gy;
const DEEPEST = 16;

/** Reads metadata as vgcfgbackup prints it. Throws Unreadable where it is not that. */
export function parseLvm(text: string): LvmSection {
  const tokens = tokensOf(text);
  let at = 0;
  const next = (): string => tokens[at++] ?? '';
  const section = (depth: number): LvmSection => {
    const found: Record<string, LvmValue> = Object.create(null);
    for (let key = next(); key !== '' && key !== '}'; key = next()) {
      if (!/^[\w.+-]/.test(key) || depth > DEEPEST) throw CORRUPT();
      const sign = next();
      if (sign === '{') found[key] = section(depth + 1);
      else if (sign === '=') found[key] = value();
      else throw CORRUPT();
    }
    return found;
  };
  const value = (): LvmValue => {
    const first = next();
    if (first !== '[') return first.replace(/^"/, '');
    const items: string[] = [];
    for (let item = next(); item !== ']'; item = next()) {
      if (item === '') throw CORRUPT();
      if (item !== ',') items.push(item.replace(/^"/, ''));
    }
    return items;
  };
  return section(0);
}

/** Text in quotes keeps the first of them, to be told from a sign. */
function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  let end = 0;
  for (const { 0: whole, 1: quoted, 2: word, 3: sign, index } of text.matchAll(TOKEN)) {
    if (quoted !== undefined) tokens.push(`"${quoted.replace(/\\(.)/g, '$1')}`);
    else if (word ?? sign) tokens.push(word ?? sign ?? '');
    end = index + whole.length;
  }
  if (end !== text.length) throw CORRUPT();
  return tokens;
}

const CORRUPT = (): Unreadable => new Unreadable('LVM with corrupt metadata');

/** Throws Unreadable for anything else. */
export function asSection(value: LvmValue | undefined): LvmSection {
  if (typeof value === 'object' && !isList(value)) return value;
  throw CORRUPT();
}

/** Throws Unreadable for anything else. */
export function asText(value: LvmValue | undefined): string {
  if (typeof value === 'string') return value;
  throw CORRUPT();
}

/** Throws Unreadable for anything else. */
export function asTexts(value: LvmValue | undefined): readonly string[] {
  if (typeof value === 'object' && isList(value)) return value;
  throw CORRUPT();
}

/** A whole number; throws Unreadable for anything else. */
export function asNumber(value: LvmValue | undefined): number {
  const number = /^\d+$/.test(asText(value)) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw CORRUPT();
}

function isList(value: LvmValue): value is readonly string[] {
  return Array.isArray(value);
}
