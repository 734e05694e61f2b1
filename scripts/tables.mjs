import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** What TypeScript exports, as it is in the source: dist may be older. */
export async function readTables(contents) {
  const outfile = resolve(`node_modules/.cache/toa-bake-tables-${process.pid}.mjs`);
  await build({
    stdin: { contents, resolveDir: '.', loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const tables = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  return tables;
}
