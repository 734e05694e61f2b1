// How large the user-data of each method is.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PROGRAM } from './command.mjs';

const FILE = (role, name) => ({ url: `https://files.example/${name}`, sha256: '0'.repeat(64), role });

/** A target for each method, and what the method needs besides. */
const METHODS = {
  module: { targets: ['debian-12'] },
  ebpf: { targets: ['debian-12'] },
  vtoa: { targets: ['alinux-3'] },
  source: { targets: ['centos-7'], files: [FILE('source', 'toa.tar.gz')] },
  rpm: { targets: ['centos-7'], files: [{ ...FILE('kernel', 'kernel.rpm'), release: '3.10.0-1160.el7.x86_64' }] },
  prebuilt: {
    targets: [{ os: 'debian-12', files: [{ ...FILE('module', 'toa.ko'), release: '6.1.0-56-cloud-amd64' }] }],
  },
};

/** By method: {target, bytes, gzip, fetched}, the last with `payload: {url}`. */
export function measureUserData() {
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-bench-'));
  try {
    return Object.fromEntries(
      Object.entries(METHODS).map(([method, more]) => [method, sizes(folder, { method, ...more })]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sizes(folder, spec) {
  const embedded = userData(folder, spec);
  const fetched = userData(folder, { ...spec, payload: { url: 'https://files.example/install-toa.sh' } });
  return {
    target: embedded.target,
    bytes: embedded.bytes.length,
    gzip: gzipSync(embedded.bytes, { level: 9 }).length,
    fetched: fetched.bytes.length,
  };
}

function userData(folder, more) {
  const out = mkdtempSync(join(folder, 'user-data-'));
  const spec = join(out, 'toa.yaml');
  writeFileSync(spec, JSON.stringify({ version: 1, trust: ['198.18.7.0/24'], ...more }));
  execFileSync(process.execPath, [PROGRAM, 'render', spec, '-o', join(out, 'out'), '--only', 'cloud-init'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [target] = readdirSync(join(out, 'out')).filter((name) => !name.startsWith('.'));
  return { target, bytes: readFileSync(join(out, 'out', target, 'cloud-init/user-data')) };
}
