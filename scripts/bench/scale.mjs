// What more targets and more images cost: CPU time and memory of whole processes.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROGRAM, toaBake } from './command.mjs';
import { race } from './processes.mjs';
import { importSupport } from './support.mjs';

const ROUNDS = 3;
const IMAGES = [1, 10, 25, 50];

/** {plan, render, validate}: a row, the least of several runs, {n, wall, cpu, megabytes} for each number of targets, or of images; seconds. */
export async function measureScale() {
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-bench-'));
  try {
    const { benchImages } = await importSupport('bench/image');
    const images = await benchImages();
    writeFileSync(join(folder, 'image.yaml'), images.spec);
    const targets = everyTarget();
    // All that the catalog has, which is a little less than a hundred.
    const numbers = [1, 25, 50, 75, targets.length];
    const specs = numbers.map((n) => ({ n, path: writeSpec(folder, targets.slice(0, n)) }));
    const out = join(folder, 'out');
    const before = () => rmSync(out, { recursive: true, force: true });
    const links = Array.from({ length: IMAGES.at(-1) }, (_, i) =>
      linkTo(images.qcow2, join(folder, `image-${i}.qcow2`)),
    );
    return {
      plan: rows(specs.map(({ n, path }) => [n, toaBake('plan', path)])),
      render: rows(specs.map(({ n, path }) => [n, { ...toaBake('render', path, '-o', out), before }])),
      validate: rows(
        IMAGES.map((n) => [n, toaBake('validate', ...links.slice(0, n), '--spec', join(folder, 'image.yaml'))]),
      ),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rows(numbered) {
  const results = race(Object.fromEntries(numbered.map(([n, command]) => [`of ${n}`, command])), ROUNDS);
  return numbered.map(([n]) => {
    const { runs, peak, failed } = results[`of ${n}`];
    if (failed) throw new Error(`of ${n}: ${failed}`);
    // The least: what disturbs only adds, and here one figure is taken from another.
    const least = (key) => Number(Math.min(...runs.map((run) => run[key])).toFixed(3));
    return { n, wall: least('wall'), cpu: least('cpu'), megabytes: Math.round(peak / 1024) };
  });
}

function everyTarget() {
  const targets = JSON.parse(execFileSync(process.execPath, [PROGRAM, 'targets', '--json'], { encoding: 'utf8' }));
  return targets.flatMap(({ id, arches }) => arches.map((arch) => ({ os: id, arch })));
}

function writeSpec(folder, targets) {
  const path = join(folder, `targets-${targets.length}.yaml`);
  writeFileSync(path, JSON.stringify({ version: 1, trust: ['198.18.7.0/24'], method: 'module', targets }));
  return path;
}

function linkTo(path, link) {
  symlinkSync(path, link);
  return link;
}
