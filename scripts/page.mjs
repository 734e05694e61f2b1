// What the scripts that write pages share: tables out of the TypeScript source, and a page that is written, or checked with --check.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** What `exports`, a line of TypeScript in the repository's root, gives: from the source, since dist may be older. */
export async function readTables(exports) {
  const outfile = resolve(`node_modules/.cache/toa-bake-page-${process.pid}.mjs`);
  await build({
    stdin: { contents: exports, resolveDir: '.', loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
  const tables = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  return tables;
}

/** Writes the page where it is stale; with --check says so instead, and fails. */
export function writePage(path, page, script) {
  const isStale = !existsSync(path) || readFileSync(path, 'utf8') !== page;
  if (process.argv.includes('--check')) {
    if (isStale) console.log(`${path} is not what the tables say; write it with node ${script}`);
    process.exitCode = isStale ? 1 : 0;
  } else if (isStale) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, page);
    console.log(`${path} written`);
  }
}
