// `npm run bake`: from a fresh checkout to the example's artifacts in out/, with a summary.
import { spawnSync } from 'node:child_process';
import { buildProgram, installNpmPackages } from './prepare.mjs';

installNpmPackages();
buildProgram();

const spec = process.argv[2] ?? 'examples/toa.yaml';
for (const args of [
  ['plan', spec],
  ['render', spec, '-o', 'out'],
]) {
  console.log(`\n$ toa-bake ${args.join(' ')}`);
  const { status } = spawnSync('node', ['dist/toa-bake.js', ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
console.log('\nGive user-data to the machine as it is; it compiles, loads and checks the reader at first boot.');
