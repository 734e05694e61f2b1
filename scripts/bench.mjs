// `npm run bench [-- PART...]`: measures readers (on kernels), program (whole processes), scale (many targets, many images) and userData (sizes), or those
// of them that are named, keeps the figures in docs/performance.json and writes docs/performance.md. `readers=SUITE,SUITE` names the kernels.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { measureProgram } from './bench/program.mjs';
import { measureReaders } from './bench/readers.mjs';
import { measureScale } from './bench/scale.mjs';
import { measureUserData } from './bench/user-data.mjs';
import { buildProgram, installDebianPackages, installNpmPackages, run } from './prepare.mjs';

const DATA = 'docs/performance.json';
const SUITES = 'trixie,trixie-backports,bookworm';
const PARTS = {
  readers: (suites = SUITES) => measureReaders(suites.split(',')),
  program: measureProgram,
  scale: measureScale,
  userData: measureUserData,
};

const wanted = process.argv.slice(2).map((word) => word.split('='));
const unknown = wanted.find(([part]) => !(part in PARTS));
if (unknown) {
  console.error(`no part "${unknown[0]}": ${Object.keys(PARTS).join(' ')}`);
  process.exit(2);
}

installNpmPackages();
installDebianPackages(
  'cloud-image-utils cloud-init cpio e2fsprogs fdisk gcc grub-common grub-pc-bin guestfish libc6-dev mmdebstrap packer python3 qemu-system-x86 qemu-utils'.split(
    ' ',
  ),
);
buildProgram();

for (const [part, argument] of wanted.length > 0 ? wanted : Object.keys(PARTS).map((name) => [name])) {
  console.log(`measuring: ${part}`);
  const load = loadavg()[1];
  const figures = await PARTS[part](argument);
  const others = existsSync(DATA) ? JSON.parse(readFileSync(DATA, 'utf8')) : {};
  const measured = { host: { ...host(), load: Number(((load + loadavg()[1]) / 2).toFixed(1)) }, figures };
  writeFileSync(DATA, `${JSON.stringify({ ...others, [part]: measured }, null, 1)}\n`);
}
run('node_modules/.bin/biome', ['format', '--write', DATA]);
run(process.execPath, ['scripts/performance.mjs']);

/** What the figures depend on; `load`: how many processes wanted a CPU meanwhile. */
function host() {
  const version = (argv) => execFileSync(argv[0], argv.slice(1), { encoding: 'utf8' }).match(/\d+\.\d+(\.\d+)?/)?.[0];
  return {
    cpus: availableParallelism(),
    node: process.versions.node,
    qemu: version(['qemu-system-x86_64', '--version']),
    packer: version(['packer', '--version']),
    cloudInit: version(['cloud-init', '--version']),
    guestfish: version(['guestfish', '--version']),
  };
}
