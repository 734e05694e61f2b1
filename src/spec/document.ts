import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { syntaxProblems } from './syntax.ts';
import type { Path, Problem } from './types.ts';

/** A YAML text, read. */
export interface ReadDocument {
  /** What stands in it; undefined where `problems` is not empty. */
  readonly data: unknown;
  /** Faults that are YAML's own, located; whatever the schema says comes later. */
  readonly problems: readonly Problem[];
  /** Gives a problem its line and column: those of the path's deepest part that is in the text. */
  readonly locate: (problem: Problem) => Problem;
}

/** A spec has no use for more; a text that multiplies itself through aliases has. */
const MOST_ALIASES = 100;

/** Never throws for what a user can write. */
export function readDocument(text: string): ReadDocument {
  // Positions count from the first character that an editor shows.
  const shown = text.replace(/^\uFEFF/, '');
  const lines = new LineCounter();
  const doc = parseDocument(shown, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
    // `syntaxProblems` looks for doubled keys itself: the library compares each with each, a minute for a large file.
    uniqueKeys: false,
  });
  const locate = (problem: Problem): Problem => ({ ...problem, ...position(doc, lines, problem.path) });
  const problems = syntaxProblems(doc, lines, shown, MOST_ALIASES);
  if (problems.length > 0) return { data: undefined, problems, locate };
  try {
    return { data: doc.toJS({ maxAliasCount: MOST_ALIASES }), problems, locate };
  } catch (error) {
    // The library's way to refuse aliases that multiply.
    if (error instanceof ReferenceError) return { data: undefined, problems: [locate(MULTIPLYING)], locate };
    throw error;
  }
}

const MULTIPLYING: Problem = {
  code: 'spec/syntax',
  severity: 'error',
  path: [],
  message: 'aliases (*name) inside of what aliases stand for multiply the text; expected a plain spec',
  hint: 'write the values out',
};

function position(doc: Document.Parsed, lines: LineCounter, path: Path): { line: number; column: number } {
  const { line, col } = lines.linePos(deepestNode(doc, path)?.range?.[0] ?? 0);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** As far along the path as the text goes. A mapping's entry is best pointed at by its key, a list's by itself. */
function deepestNode(doc: Document.Parsed, path: Path): Node | null {
  let deepest: Node | null = doc.contents;
  let value: unknown = doc.contents;
  for (const step of path) {
    const holder = isAlias(value) ? value.resolve(doc) : value;
    const pair = isMap(holder) ? holder.items.find(({ key }) => isScalar(key) && key.value === step) : undefined;
    const place: unknown = pair ? pair.key : isSeq(holder) ? holder.items[Number(step)] : undefined;
    if (!isNode(place)) break;
    deepest = place;
    value = pair ? pair.value : place;
  }
  return deepest;
}
