import { type Alias, type Document, isScalar, type LineCounter, type Node, visit, type YAMLMap } from 'yaml';
import type { Problem } from './types.ts';

/** Faults that are YAML's own, in the order of the text; the first few, since one often leads to the next. */
export function syntaxProblems(doc: Document.Parsed, lines: LineCounter, text: string, mostAliases: number): Problem[] {
  const faults = [...doc.errors, ...doc.warnings]
    .slice(0, 100)
    .map(({ code, message, pos }) => ({ code, message, at: pos[0] }));
  const found = faults.length > 0 ? faults.filter(isFirstThere) : nodeFaults(doc, mostAliases);
  return found.slice(0, 10).map(({ code, message, at }) => {
    const { line, col } = lines.linePos(at);
    const known = SAY[code];
    const seen = text.slice(at).trim() === '' ? 'the end of the file' : JSON.stringify(lineAt(text, at).slice(0, 60));
    return {
      code: known?.code ?? 'spec/syntax',
      severity: 'error',
      path: [],
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      message: `${known?.message ?? `not valid YAML: ${message}`}; found ${seen}`,
      hint: known?.hint ?? 'mind brackets, quotes and indentation; `toa-bake init` writes a spec to compare with',
    };
  });
}

interface Fault {
  readonly code: string;
  readonly message: string;
  /** Offset in the text. */
  readonly at: number;
}

function isFirstThere({ at }: Fault, i: number, all: readonly Fault[]): boolean {
  return all.findIndex((other) => other.at === at) === i;
}

const SAY: Readonly<Record<string, Pick<Problem, 'code' | 'message' | 'hint'>>> = {
  DUPLICATE_KEY: {
    code: 'spec/duplicate-key',
    message: 'the same key stands twice in one mapping; expected it once',
    hint: 'remove one of the two',
  },
  TAB_AS_INDENT: {
    code: 'spec/tab',
    message: 'a tab indents this line; expected spaces',
    hint: 'YAML allows spaces only for indentation',
  },
  MULTIPLE_DOCS: {
    code: 'spec/syntax',
    message: 'a second YAML document begins here; expected one document',
    hint: 'use one file a spec',
  },
  RESOURCE_EXHAUSTION: {
    code: 'spec/syntax',
    message: 'nested too deeply to be read; expected a few levels',
    hint: 'a bracket or a dash too many repeats itself here',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    code: 'spec/syntax',
    message: 'a second key on the line of the first; expected one key a line',
    hint: 'put it on a line of its own, or quote the value if the colon belongs to it',
  },
  NON_STRING_KEY: {
    code: 'spec/syntax',
    message: 'a key that is a list, a mapping or an alias; expected a word',
    hint: 'is a question mark or a bracket meant as text? then quote it',
  },
  TAG_RESOLVE_FAILED: {
    code: 'spec/syntax',
    message: 'a tag (!name) that means nothing here; expected a plain value',
    hint: 'remove the tag; if the exclamation mark belongs to the value, quote it',
  },
  UNKNOWN_ALIAS: {
    code: 'spec/syntax',
    message: 'an alias (*name) to an anchor (&name) that does not stand before it; expected a plain value',
    hint: 'write the value out; if the asterisk belongs to it, quote it',
  },
  CYCLIC_ALIAS: {
    code: 'spec/syntax',
    message: 'an alias (*name) inside of what it stands for; expected a plain value',
    hint: 'write the value out',
  },
  MANY_ALIASES: {
    code: 'spec/syntax',
    message: 'more aliases (*name) than a spec has use for; expected a plain spec',
    hint: 'write the values out',
  },
};

/** What the parser lets pass: keys that stand twice, and aliases that lead nowhere, in circles, or are too many. */
function nodeFaults(doc: Document.Parsed, mostAliases: number): readonly Fault[] {
  const faults: Fault[] = [];
  const fault = (code: string, node: Node): number => faults.push({ code, message: code, at: node.range?.[0] ?? 0 });
  let aliases = 0;
  visit(doc, {
    Map: (_, map) => {
      for (const key of doubledKeys(map)) fault('DUPLICATE_KEY', key);
    },
    Alias: (_, alias, ancestors) => {
      aliases++;
      if (aliases > mostAliases) {
        fault('MANY_ALIASES', alias);
        return visit.BREAK;
      }
      const code = aliasFault(doc, alias, ancestors);
      if (code) fault(code, alias);
      return undefined;
    },
  });
  return faults;
}

function doubledKeys(map: YAMLMap): readonly Node[] {
  const seen = new Set<unknown>();
  return map.items.flatMap(({ key }) => {
    if (!isScalar(key)) return [];
    const doubled = seen.has(key.value);
    seen.add(key.value);
    return doubled ? [key] : [];
  });
}

function aliasFault(doc: Document.Parsed, alias: Alias, ancestors: readonly unknown[]): string | undefined {
  const anchored = alias.resolve(doc);
  if (!anchored) return 'UNKNOWN_ALIAS';
  return ancestors.includes(anchored) ? 'CYCLIC_ALIAS' : undefined;
}

function lineAt(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  return text.slice(start, end < 0 ? undefined : end).trim();
}
