// Test support is TypeScript that names its neighbours with import.meta.url: bundled here so that Node can run it.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { templates } from '../templates.mjs';

/** A bundle lies elsewhere: every file keeps its own address. */
const ownAddress = {
  name: 'own-address',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]test[\\/]support[\\/].*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: 'ts' };
    });
  },
};

/** The exports of the modules of test/support that are named, together. */
export async function importSupport(...names) {
  // A name for each: Node remembers what it has imported by its address.
  const outfile = resolve(`out/bench/${names.join('-').replaceAll('/', '-')}.mjs`);
  const contents = names.map((name) => `export * from './test/support/${name}.ts';`).join('\n');
  await build({
    stdin: { contents, resolveDir: '.' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    plugins: [ownAddress, templates],
  });
  return import(pathToFileURL(outfile).href);
}
