// Bundles the program and the library into dist/, with their types and the published schemas.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

/** Bundles the validator that src/spec/schema.ts compiles, without the compiler. */
const compiledSchema = {
  name: 'compiled-schema',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]spec[\\/]schema\.ts$/ }, async ({ path }) => ({
      contents: await compileSchema(path),
      resolveDir: dirname(path),
      loader: 'js',
    }));
  },
};

async function compileSchema(path) {
  // Inside the package, so that its import of ajv is the one that `standalone` works with.
  const outfile = resolve('dist/schema-compiler.mjs');
  await build({ entryPoints: [path], outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
  const { ajv, fitsSchema } = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  const code = standalone.default(ajv, { fitsSchema: fitsSchema.schema.$id });
  return `import { formats } from './formats.ts';\n${code}`;
}

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
  loader: { '.hbs': 'text' },
  plugins: [compiledSchema],
  // Some of the bundled libraries still call require().
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  minifySyntax: true,
  minifyWhitespace: true,
});
copyFileSync('src/receipt.schema.json', 'dist/receipt.schema.json');
copyFileSync('src/spec/spec.schema.json', 'dist/spec.schema.json');
chmodSync('dist/toa-bake.js', 0o755);
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
