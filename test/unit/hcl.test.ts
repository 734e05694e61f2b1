// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are HCL's

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printAttributes, printHcl } from '../../src/render/hcl.ts';
import { parseHcl } from '../support/hcl.ts';
import { normal, text, value } from '../support/packer-values.ts';

/** What HashiCorp's own parser reads, with the signs taken off that hcl2json puts on again: it prints text as templates. */
async function read(source: string): Promise<unknown> {
  const { locals } = await parseHcl('test.hcl', `locals {\n  value = ${source}\n}\n`);
  return (plain(locals) as readonly [{ readonly value: unknown }])[0].value;
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/([$%])\1\{/g, '$1{');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [plain(key), plain(item)]));
}

describe('printHcl', () => {
  it('any text comes back from the real parser as it was', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        expect(await read(printHcl(given))).toBe(given.normalize('NFC'));
      }),
      { numRuns: 500 },
    );
  });

  it('any value does', async () => {
    await fc.assert(
      fc.asyncProperty(value, async (given) => {
        expect(await read(printHcl(given))).toEqual(normal(given));
      }),
      { numRuns: 300 },
    );
  });

  it('the parser is one that sees a template: without the escape the same text is another', async () => {
    expect(await read(printHcl('${path.root}'))).toBe('${path.root}');
    expect(printHcl('${path.root}')).toBe('"$${path.root}"');
    await expect(read('"${unclosed"')).rejects.toThrow();
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '\ud800'])('%s has no form in HCL', (given) => {
    expect(() => printHcl(given)).toThrow();
  });

  it('is laid out as the formatters lay it out', () => {
    const source = printAttributes([
      ['name', 'toa'],
      ['longer_name', [1, true]],
      ['tags', { method: 'module', 'a key': 'x' }],
      ['x', null],
    ]);
    expect(source).toBe(
      'name        = "toa"\nlonger_name = [1, true]\ntags = {\n  method  = "module"\n  "a key" = "x"\n}\nx = null\n',
    );
  });
});
