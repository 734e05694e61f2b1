import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { strip } from '../../src/render/strip.ts';

/** Pieces of C with what must be left of each. */
const piece = fc.oneof(
  fc.constantFrom('int a;', 'x=y/z;', 'p= *q;', 'a/=2;', "c = '\"';", "c = '\\'';", "d = '/';").map(keep),
  fc.stringMatching(/^[ -!#-[\]-~]*$/).map((text) => keep(`s = "${text}";`)),
  fc.constantFrom('"/* no */"', '"// no"', '"\\"/*"', '"\\\\"', "'\\\\'").map(keep),
  fc.stringMatching(/^[ -)+-~\n]*$/).map((text) => ({ text: `/*${text}*/`, left: '' })),
  fc.stringMatching(/^[ -~]*$/).map((text) => ({ text: `//${text}`, left: '' })),
);

function keep(text: string): { readonly text: string; readonly left: string } {
  return { text, left: text };
}

describe('C', () => {
  it('loses its comments and nothing else', () => {
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const all = ['// SPDX', ...pieces.map((p) => p.text), ''].join('\n');
        const left = ['// SPDX', ...pieces.map((p) => p.left.trimEnd()).filter((text) => text !== ''), ''].join('\n');
        expect(strip(all, 'c')).toBe(left);
      }),
    );
  });

  it.each([
    ['x = y / z;', 'x=y/z;'],
    ['p = *q / *r;', 'p= *q/ *r;'],
    ['a = b - -c + +d & &e;', 'a=b - -c + +d& &e;'],
    ['n = 0xe - 1 + sizeof (x);', 'n=0xe -1 +sizeof(x);'],
    ['return (a) ? b : c;', 'return(a)?b:c;'],
    ['static const struct s *f(int a, int b)', 'static const struct s*f(int a,int b)'],
    ['#define F (1 << 2)', '#define F (1 << 2)'],
    ['#define G(x)\t\t\\', '#define G(x)\\'],
    ['puts("a  ,  b" , 1);', 'puts("a  ,  b" , 1);'],
  ])('loses the spaces that part no tokens: %s', (text, left) => {
    expect(strip(`// first\n${text}\n`, 'c')).toBe(`// first\n${left}\n`);
  });

  it('keeps strings that look like comments', () => {
    expect(strip('// first\nputs("/* a */ // b"); /* gone */ f(\'"\'); int/**/x; // gone\n', 'c')).toBe(
      '// first\nputs("/* a */ // b");   f(\'"\'); int x;\n',
    );
  });
});

describe('shell and its like', () => {
  it('lose lines that are comments, and keep every other as it is', () => {
    const line = fc.stringMatching(/^[!-~][ -~]*$/).filter((text) => !/\s$/.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('', ' ', '\t'), line)), (lines) => {
        const all = lines.map(([indent, text]) => indent + text);
        const kept = all.filter((text) => !/^\s*#/.test(text));
        expect(strip(['#!/bin/sh', ...all, '', ''].join('\n'), 'python')).toBe(['#!/bin/sh', ...kept, ''].join('\n'));
      }),
    );
    expect(strip('#!x\nif a:\n    b\n      c\n        d\n', 'python')).toBe('#!x\nif a:\n b\n   c\n  d\n');
  });

  it('lose indentation by tabs where it means nothing, never by spaces', () => {
    const text = '#!/bin/sh\n\tif x; then\n\t\t  y\n  z\n';
    expect(strip(text, 'sh')).toBe('#!/bin/sh\nif x; then\n  y\n  z\n');
    expect(strip(text, 'make')).toBe(text);
  });
});
