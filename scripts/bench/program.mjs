// Whole processes: ours beside `node -e 0` and beside the tools that people have for the same; and where a start's time goes.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROGRAM, toaBake } from './command.mjs';
import { imageCommands } from './images.mjs';
import { race, ratio } from './processes.mjs';
import { importSupport } from './support.mjs';

const ROUNDS = 9;
/** Of what takes a second. */
const FOREIGN_ROUNDS = 5;
const EXAMPLE = resolve('examples/toa.yaml');

/** Everything that one process does, in one race: {image, processes, startup}. */
export async function measureProgram() {
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-bench-'));
  try {
    const support = await importSupport('packer', 'bench/image');
    const image = await imageCommands(support, folder);
    const results = race(
      { ...ownCommands(folder, image), ...foreignCommands(support, folder), ...image.commands },
      ROUNDS,
    );
    return {
      image: image.about,
      processes: Object.fromEntries(Object.entries(results).map(([name]) => [name, figures(results, name)])),
      startup: measureStartup(folder),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In milliseconds and megabytes; `ratio` and `cpuRatio` to `node -e 0`, `ours` to our command on the same. */
function figures(results, name) {
  const { wall, cpu, peak, failed, runs } = results[name];
  if (failed) return { failed };
  const validate = name.endsWith(', qcow2') ? 'validate, qcow2' : 'validate, raw';
  return {
    wall: round(wall * 1000, 0),
    cpu: round(cpu * 1000, 0),
    megabytes: round(peak / 1024, 0),
    ratio: round(ratio(results, name, 'node -e 0'), 2),
    cpuRatio: round(ratio(results, name, 'node -e 0', 'cpu'), 2),
    toValidate: round(ratio(results, name, validate), 2),
    runs: runs.length,
  };
}

const round = (value, digits) => Number(value.toFixed(digits));

function ownCommands(folder, image) {
  const one = join(folder, 'one');
  const every = join(folder, 'every');
  const anew = (path) => () => rmSync(path, { recursive: true, force: true });
  const all = writeSpec(folder, 'all', { targets: targetIds() });
  // Whoever collects facts pays for that once, whoever judges them each time.
  const facts = join(folder, 'facts.json');
  execFileSync(process.execPath, [PROGRAM, 'facts', image.raw, '-o', facts]);
  return {
    'node -e 0': { argv: [process.execPath, '-e', '0'] },
    'toa-bake --version': toaBake('--version'),
    'toa-bake plan': toaBake('plan', EXAMPLE),
    'toa-bake render': { ...toaBake('render', EXAMPLE, '-o', one), before: anew(one) },
    'toa-bake render --check': toaBake('render', EXAMPLE, '-o', one, '--check'),
    'toa-bake render, all targets': {
      ...toaBake('render', all, '-o', every),
      before: anew(every),
      rounds: FOREIGN_ROUNDS,
    },
    'toa-bake validate, saved facts': toaBake('validate', facts, '--spec', image.spec),
  };
}

/** What judges the same files: cloud-init its user-data, Packer its template. */
function foreignCommands({ DUMMIES }, folder) {
  const out = join(folder, 'one/debian-12');
  const dummies = Object.entries(DUMMIES).filter(([name]) => name.startsWith('alicloud'));
  const packer = join(out, 'packer');
  return {
    'cloud-init schema': {
      argv: ['cloud-init', 'schema', '--config-file', join(out, 'cloud-init/user-data')],
      rounds: FOREIGN_ROUNDS,
    },
    'packer validate': {
      argv: ['packer', 'validate', ...dummies.flatMap(([name, value]) => ['-var', `${name}=${value}`]), '.'],
      cwd: packer,
      env: {
        ...process.env,
        HOME: folder,
        CHECKPOINT_DISABLE: '1',
        ALICLOUD_ACCESS_KEY: 'dummy',
        ALICLOUD_SECRET_KEY: 'dummy',
      },
      // Debian's Packer has its plugins inside, and takes no list of them.
      before: () => rmSync(join(packer, 'plugins.pkr.hcl'), { force: true }),
      rounds: FOREIGN_ROUNDS,
    },
  };
}

function targetIds() {
  const targets = JSON.parse(execFileSync(process.execPath, [PROGRAM, 'targets', '--json'], { encoding: 'utf8' }));
  return targets.map(({ id }) => id);
}

function writeSpec(folder, name, more) {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, JSON.stringify({ version: 1, trust: ['198.18.7.0/24'], method: 'module', ...more }));
  return path;
}

// --- where a start's time goes ---

const PROFILES = 5;

function measureStartup(folder) {
  const commands = { plan: ['plan', EXAMPLE], render: ['render', EXAMPLE, '-o', join(folder, 'profiled')] };
  return Object.fromEntries(
    Object.entries(commands).map(([name, args]) => [name, { ...loaded(folder, args), shares: profile(folder, args) }]),
  );
}

/** How many of our files a command loads, and how large they are. */
function loaded(folder, args) {
  const into = mkdtempSync(join(folder, 'coverage-'));
  execFileSync(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, NODE_V8_COVERAGE: into },
    stdio: 'ignore',
  });
  const [report] = readdirSync(into);
  const urls = JSON.parse(readFileSync(join(into, report), 'utf8')).result.map(({ url }) => url);
  const files = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
  return { files: files.length, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) };
}

/** Shares of all samples of several runs, by who was running. */
function profile(folder, args) {
  const micros = {};
  for (let i = 0; i < PROFILES; i++) {
    const into = mkdtempSync(join(folder, 'profile-'));
    rmSync(join(folder, 'profiled'), { recursive: true, force: true });
    execFileSync(
      process.execPath,
      ['--cpu-prof', `--cpu-prof-dir=${into}`, '--cpu-prof-interval=200', PROGRAM, ...args],
      {
        stdio: 'ignore',
      },
    );
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(into, readdirSync(into)[0]), 'utf8'));
    const owners = new Map(nodes.map(({ id, callFrame }) => [id, ownerOf(callFrame)]));
    samples.forEach((id, k) => {
      micros[owners.get(id)] = (micros[owners.get(id)] ?? 0) + timeDeltas[k];
    });
  }
  const total = Object.values(micros).reduce((sum, value) => sum + value, 0);
  return Object.fromEntries(Object.entries(micros).map(([owner, value]) => [owner, round((100 * value) / total, 1)]));
}

function ownerOf({ functionName, url }) {
  if (functionName === '(garbage collector)') return 'collecting garbage';
  if (functionName.startsWith('compile')) return 'compiling JavaScript';
  if (url.startsWith('file:')) return 'our code and its libraries';
  return url === '' && functionName.startsWith('(') ? 'native code, waiting' : "Node's own code: loader, files";
}
