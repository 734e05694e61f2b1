// Bundles the program and the library into dist/, with their types and the published schemas.

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';
import { CLANG, isAsBuilt } from './bpf.mjs';
import { templates } from './templates.mjs';

/** Bundles the validators that src/…/schema.ts and src/…/…-schema.ts compile, without the compiler: each exports `ajv`, and them. */
const compiledSchema = {
  name: 'compiled-schema',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]\w+[\\/](\w+-)?schema\.ts$/ }, async ({ path }) => ({
      contents: await compileSchema(path),
      resolveDir: dirname(path),
      loader: 'js',
    }));
  },
};

async function compileSchema(path) {
  // Inside the package, so that its import of ajv is the one that `standalone` works with.
  const outfile = resolve(`dist/${basename(dirname(path))}-${basename(path)}.compiler.mjs`);
  await build({ entryPoints: [path], outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
  const { ajv, ...validators } = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  const ids = Object.entries(validators).map(([name, validator]) => [name, validator.schema.$id]);
  const code = standalone.default(ajv, Object.fromEntries(ids));
  return code.includes('formats') ? `import { formats } from './formats.ts';\n${code}` : code;
}

// What is published was proven (prepack); who builds for himself need not have the compiler.
if (spawnSync(CLANG, ['--version']).error) console.error(`no ${CLANG}: guest/bpf/toa.bpf is taken as it is`);
else if (!isAsBuilt()) process.exit(1);

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
await build({
  entryPoints: { 'toa-bake': 'src/cli/bin.ts', index: 'src/index.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: '[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  plugins: [compiledSchema, templates],
  // Some of the bundled libraries still call require(), or ask for their folder.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url), __dirname = import.meta.dirname;",
  },
  minifySyntax: true,
  minifyWhitespace: true,
});
for (const schema of ['receipt', 'spec/spec', 'facts/facts', 'report/report']) {
  copyFileSync(`src/${schema}.schema.json`, `dist/${basename(schema)}.schema.json`);
}
chmodSync('dist/toa-bake.js', 0o755);
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
