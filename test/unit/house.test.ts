import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXCLUSIONS } from '../../src/catalog/methods.ts';
import { matchesGlob } from '../../src/plan/method.ts';
import { TARGETS } from '../../src/plan/targets.ts';

const SRC = new URL('../../src/', import.meta.url).pathname;
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));

/** Every import, static or not, of a file of ours: from, to, and whether it is gone at run time. */
const imports = files.flatMap(({ path, text }) =>
  [...text.matchAll(/(?:(import type|export type|import|export)\b[^;'"]*?from |\bimport\()'(\.[^']+)'/g)].map(
    (match) => ({
      from: path,
      to: normalize(join(dirname(path), match[2] ?? '')),
      isType: match[1]?.endsWith(' type') === true,
    }),
  ),
);

const within = (folder: string) => (path: string) => path.startsWith(`${folder}/`);
const shown = ({ from, to }: { from: string; to: string }): string => `${from} -> ${to}`;

/** Code without comments and without what stands in quotes. */
function bare(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, '');
}

describe('who imports whom', () => {
  it('is seen at all', () => {
    expect(imports.map(shown)).toContain('cli/main.ts -> cli/render.ts');
    expect(imports.map(shown)).toContain('plan/method.ts -> catalog/kernels.ts');
  });

  it('render does not know the catalog but for its types', () => {
    const taken = imports.filter((i) => within('render')(i.from) && within('catalog')(i.to) && !i.isType);
    expect(taken.map(shown)).toEqual([]);
  });

  it('nothing imports cli', () => {
    expect(imports.filter((i) => !within('cli')(i.from) && within('cli')(i.to)).map(shown)).toEqual([]);
  });

  it('the catalog imports nothing but itself', () => {
    expect(imports.filter((i) => within('catalog')(i.from) && !within('catalog')(i.to)).map(shown)).toEqual([]);
  });

  it('checks know facts, not the ways to look at a machine', () => {
    const taken = imports.filter((i) => within('checks')(i.from) && within('image')(i.to) && !i.isType);
    expect(taken.map(shown)).toEqual([]);
    expect(imports.map(shown)).toContain('checks/look.ts -> image/types.ts');
  });

  it('spec, catalog, plan, render, checks and report touch no file and no process', () => {
    const pure = files.filter(({ path }) => /^(spec|catalog|plan|render|checks|report)\//.test(path));
    const touching = pure.filter(({ text }) =>
      /node:(fs|process|child_process|os|net\b.*connect)|\bprocess\./.test(text),
    );
    expect(touching.map(({ path }) => path)).toEqual([]);
  });
});

describe('the catalog', () => {
  it('has no control flow', () => {
    const flow = /=>|\b(function|if|for|while|switch|return|class)\b|\?[^:]*:/;
    const tables = files.filter(({ path }) => within('catalog')(path) && !path.endsWith('types.ts'));
    expect(tables.length).toBeGreaterThan(10);
    const code = tables.map(({ path, text }) => ({ path, text: bare(text).replace(/interface [\s\S]*?\n\}/g, '') }));
    expect(code.filter(({ text }) => flow.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('alone decides by distribution', () => {
    const ids = [...new Set(TARGETS.flatMap((target) => [target.id, target.osId]))];
    const named = new RegExp(`['"\`](${ids.join('|').replaceAll('.', '\\.')})['"\`]`);
    // Whole strings only: help texts and hints may give an id as an example. The one default is init's.
    const naming = files
      .filter(({ path }) => !within('catalog')(path))
      .map(({ path, text }) => ({ path, text: text.replace(/\/\*[\s\S]*?\*\/|\.default\(\[.*?\]\)/g, '') }))
      .filter(({ text }) => named.test(text))
      .map(({ path }) => path);
    expect(naming).toEqual([]);
  });

  it.each(EXCLUSIONS.flatMap((row) => row.except.map((glob) => [row.method, glob] as const)))(
    '%s: the exception %s is about a target that exists',
    (_, glob) => {
      expect(TARGETS.filter((target) => matchesGlob(target.id, glob))).not.toEqual([]);
    },
  );

  it.each(EXCLUSIONS)('$method: the exclusion keeps it from some target', ({ except, reason }) => {
    expect(TARGETS.some((target) => !except.some((glob) => matchesGlob(target.id, glob)))).toBe(true);
    expect(reason).not.toBe('');
  });
});
