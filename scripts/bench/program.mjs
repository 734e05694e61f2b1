// Size and time of what toa-bake renders.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { count, print, verdict } from './table.mjs';

const PAIRS = 21;
const PROGRAM = resolve('dist/toa-bake.js');
const EXAMPLE = resolve('examples/toa.yaml');

export function benchProgram() {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-bench-'));
  try {
    const targets = JSON.parse(execFileSync(process.execPath, [PROGRAM, 'targets', '--json'], { encoding: 'utf8' }));
    const all = join(folder, 'all.yaml');
    const ids = targets.map((target) => target.id);
    writeFileSync(all, `version: 1\ntrust: [198.18.7.0/24]\nmethod: module\ntargets: [${ids.join(', ')}]\n`);

    const one = compare(['render', EXAMPLE, '-o', join(folder, 'one')]);
    const every = compare(['render', all, '-o', join(folder, 'all')]);
    const bytes = readFileSync(join(folder, 'one/debian-12/cloud-init/user-data')).length;
    print([
      ['budget', 'at most', 'measured', ''],
      ['user-data of the default target, raw', '12,288 bytes', `${count(bytes)} bytes`, verdict(bytes, 12_288)],
      ['  the same in base64', '', `${count(Math.ceil(bytes / 3) * 4)} bytes`, ''],
      ['render of one target / node -e 0', '2.5', shown(one), verdict(one.ratio, 2.5)],
      [`render of all ${ids.length} targets / node -e 0`, '20', shown(every), verdict(every.ratio, 20)],
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Medians of alternating runs, so that whatever else the machine does hits both alike; each run writes all files anew. */
function compare(args) {
  const times = { empty: [], render: [] };
  for (let i = 0; i < PAIRS; i++) {
    times.empty.push(milliseconds(['-e', '0']));
    rmSync(args.at(-1), { recursive: true, force: true });
    times.render.push(milliseconds([PROGRAM, ...args]));
  }
  const [empty, render] = [median(times.empty), median(times.render)];
  return { empty, render, ratio: render / empty };
}

function milliseconds(args) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')}: exit ${status}\n${stderr}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function shown({ empty, render, ratio }) {
  return `${ratio.toFixed(2)} (${render.toFixed(0)} ms / ${empty.toFixed(0)} ms)`;
}
