import { Unreadable } from '../../image/look.ts';

/** A word of a script: text, and variables that are expanded when it runs. */
export type Word = readonly Part[];

export interface Part {
  readonly text: string;
  /** `text` is a variable's name. */
  readonly variable: boolean;
  /** Within double quotes: it is not split at spaces, and stays when it is empty. */
  readonly quoted: boolean;
}

export type Statement =
  | { readonly kind: 'command'; readonly words: readonly Word[]; readonly block: readonly Statement[] | null }
  | { readonly kind: 'if'; readonly clauses: readonly Clause[]; readonly otherwise: readonly Statement[] }
  | { readonly kind: 'for'; readonly words: readonly Word[]; readonly body: readonly Statement[] }
  | { readonly kind: 'function'; readonly name: string; readonly body: readonly Statement[] };

export interface Clause {
  readonly condition: readonly Statement[];
  readonly body: readonly Statement[];
}

type Token = { readonly end: true } | { readonly end: false; readonly word: Word; readonly plain: string | undefined };

const END: Token = { end: true };
const DEEPEST = 50;
const BREAKS = ' \t\r\n;&|';

/** Reads a script of GRUB 2. */
export function parseGrubScript(text: string): readonly Statement[] {
  const tokens = [...tokensOf(text)];
  let at = 0;
  const peek = (): string | undefined => {
    const token = tokens[at];
    return token === undefined || token.end ? undefined : token.plain;
  };

  /** Statements up to one of the words that end a list of them, which is left there. */
  const list = (ends: readonly string[], depth: number): readonly Statement[] => {
    if (depth > DEEPEST) throw new Unreadable('the script is nested too deeply');
    const found: Statement[] = [];
    for (;;) {
      while (tokens[at]?.end) at += 1;
      if (at >= tokens.length) return found;
      if (ends.includes(peek() ?? '')) return found;
      found.push(...statement(depth));
    }
  };
  const expect = (word: string): void => {
    if (peek() !== word) throw new Unreadable(`the script lacks "${word}"`);
    at += 1;
  };
  const block = (open: string, close: string, depth: number): readonly Statement[] => {
    while (tokens[at]?.end) at += 1;
    expect(open);
    const body = list([close], depth + 1);
    expect(close);
    return body;
  };
  const words = (): Word[] => {
    const found: Word[] = [];
    for (let token = tokens[at]; token !== undefined && !token.end && token.plain !== '{'; token = tokens[at]) {
      if (token.plain === '}') break;
      found.push(token.word);
      at += 1;
    }
    return found;
  };
  const conditional = (depth: number): Statement => {
    const clauses: Clause[] = [];
    do {
      at += 1;
      const condition = list(['then'], depth + 1);
      expect('then');
      clauses.push({ condition, body: list(['elif', 'else', 'fi'], depth + 1) });
    } while (peek() === 'elif');
    let otherwise: readonly Statement[] = [];
    if (peek() === 'else') {
      at += 1;
      otherwise = list(['fi'], depth + 1);
    }
    expect('fi');
    return { kind: 'if', clauses, otherwise };
  };
  const statement = (depth: number): readonly Statement[] => {
    switch (peek()) {
      case 'if':
        return [conditional(depth)];
      case 'for': {
        at += 1;
        const head = words();
        return [{ kind: 'for', words: head, body: block('do', 'done', depth) }];
      }
      case 'while':
      case 'until':
        // What a loop would wait for is not there: nothing in it can say what boots.
        at += 1;
        list(['do'], depth + 1);
        block('do', 'done', depth);
        return [];
      case 'function': {
        at += 1;
        const name = peek() ?? '';
        at += 1;
        return [{ kind: 'function', name, body: block('{', '}', depth) }];
      }
      case '{':
        return block('{', '}', depth);
      default: {
        const before = at;
        const command = words();
        const body = peek() === '{' ? block('{', '}', depth) : null;
        if (at === before) throw new Unreadable(`the script has a "${peek()}" where a command belongs`);
        return [{ kind: 'command', words: command, block: body }];
      }
    }
  };
  return list([], 0);
}

function* tokensOf(text: string): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '#') {
      at = text.indexOf('\n', at);
      if (at < 0) return;
    } else if (char === '\\' && text.charAt(at + 1) === '\n') {
      at += 2;
    } else if (BREAKS.includes(char)) {
      if (!' \t\r'.includes(char)) yield END;
      at += 1;
    } else {
      const read = readWord(text, at);
      at = read.at;
      const [only] = read.word;
      const isPlain = read.word.length === 1 && only !== undefined && !only.variable && !only.quoted;
      yield { end: false, word: read.word, plain: isPlain ? only.text : undefined };
    }
  }
}

function readWord(text: string, start: number): { readonly word: Word; readonly at: number } {
  const word: Part[] = [];
  let at = start;
  let quoted = false;
  let literal = '';
  const flush = (): void => {
    if (literal !== '' || quoted) word.push({ text: literal, variable: false, quoted });
    literal = '';
  };
  for (; at < text.length; at++) {
    const char = text.charAt(at);
    if (!quoted && BREAKS.includes(char)) break;
    if (char === '"') {
      flush();
      quoted = !quoted;
    } else if (char === "'" && !quoted) {
      const end = text.indexOf("'", at + 1);
      if (end < 0) throw new Unreadable('the script has a quote without end');
      flush();
      word.push({ text: text.slice(at + 1, end), variable: false, quoted: true });
      at = end;
    } else if (char === '\\' && (!quoted || '"\\$`'.includes(text.charAt(at + 1)))) {
      at += 1;
      if (text.charAt(at) !== '\n') literal += text.charAt(at);
    } else if (char === '$') {
      const [whole = '', braced, plain] = /^\$(?:\{([^}\n]*)\}|(\w+|[?*#@]))/.exec(text.slice(at, at + 256)) ?? [];
      if (whole === '') {
        literal += char;
        continue;
      }
      flush();
      word.push({ text: braced ?? plain ?? '', variable: true, quoted });
      at += whole.length - 1;
    } else {
      literal += char;
    }
  }
  if (quoted) throw new Unreadable('the script has a quote without end');
  flush();
  return { word, at };
}
