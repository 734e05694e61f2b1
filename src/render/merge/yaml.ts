import { CST, Lexer, parseDocument } from 'yaml';
import type { Problem } from '../../spec/types.ts';
import { refuse } from './refuse.ts';

/** What stands in YAML that cloud-init would take: of the wanted shape, or nothing at all. */
export interface Read {
  readonly data: unknown;
}

const SHAPES = {
  mapping: { empty: {}, fits: (data: unknown) => typeof data === 'object' && data !== null && !Array.isArray(data) },
  list: { empty: [], fits: (data: unknown) => Array.isArray(data) },
} as const;

/** YAML 1.1 as PyYAML reads it. Doubled keys it takes, so they are no fault here. */
export function readYaml(text: string, label: string, shape: keyof typeof SHAPES): Read | Problem {
  const given = load(text);
  if ('message' in given) {
    const { line, column, message } = given;
    const says = `${label} is not valid YAML in line ${line}, column ${column}: ${message}`;
    return refuse('merge/syntax', says, 'cloud-init would drop all of it', { line, column });
  }
  const { empty, fits } = SHAPES[shape];
  if (given.data === undefined || given.data === null) return { data: empty };
  if (fits(given.data)) return given;
  const hint = `cloud-init expects a ${shape} below the first line`;
  return refuse('merge/syntax', `${label} is no ${shape}`, hint, { line: 1, column: 1 });
}

interface Fault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

function load(text: string): Read | Fault {
  const strict = strictFault(text);
  if (strict) return strict;
  const doc = parseDocument(text, { version: '1.1', uniqueKeys: false, logLevel: 'error' });
  // PyYAML refuses a tag that it does not know, which here is a warning.
  const fault = doc.errors[0] ?? doc.warnings[0];
  if (fault) {
    const { line, col } = fault.linePos?.[0] ?? { line: 1, col: 1 };
    return { line, column: col, message: fault.message.split(/ at line \d|\n/)[0] ?? '' };
  }
  try {
    return { data: doc.toJS({ maxAliasCount: -1 }) };
  } catch (error) {
    // The library's way to say that an alias has no anchor, or that a merge key has nothing to merge.
    return { line: 1, column: 1, message: String(error) };
  }
}

/** All but YAML 1.1's printable characters, and its line breaks that no editor shows as such. */
const UNREADABLE = /[^\t\n\r -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Where the library is more generous than PyYAML: some characters, and tabs and a lone = outside of quotes, blocks and comments. */
function strictFault(text: string): Fault | undefined {
  const unreadable = text.search(UNREADABLE);
  if (unreadable >= 0) return faultAt(text, unreadable, 'a control character or an invisible line break');
  let at = 0;
  let isText = false;
  let inBlock = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (MARKS.includes(lexeme)) {
      isText = lexeme === CST.SCALAR;
      continue;
    }
    const type = CST.tokenType(lexeme);
    const isPlain = isText && !inBlock;
    const tab = isPlain || (type === 'space' && !isText) ? lexeme.indexOf('\t') : -1;
    if (tab >= 0) return faultAt(text, at + tab, 'a tab, which PyYAML takes in quotes and comments only');
    if (isPlain && lexeme === '=') return faultAt(text, at, 'a lone =, which PyYAML takes in quotes only');
    inBlock = type === 'block-scalar-header' || (inBlock && !isText);
    isText = false;
    at += lexeme.length;
  }
  return undefined;
}

/** What the lexer adds to the text's own pieces; the next piece after SCALAR is a plain value or a block's text. */
const MARKS: readonly string[] = [CST.DOCUMENT, CST.FLOW_END, CST.SCALAR];

function faultAt(text: string, at: number, message: string): Fault {
  const lines = text.slice(0, at).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, message };
}
