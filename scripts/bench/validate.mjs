// What a look into an image costs, beside the tools that people have for it. All read the same files of the same image.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { importSupport } from './support.mjs';
import { count, print, verdict } from './table.mjs';

const PROGRAM = resolve('dist/toa-bake.js');
const RUNS = 11;
/** Each of these boots a machine, for many seconds. */
const FOREIGN_RUNS = 2;
const AIMS = { ratio: 5, megabytes: 150, faster: 40 };

/** Prints its peak memory in kilobytes when it ends. */
const PEAK = 'data:text/javascript,process.on("exit",()=>console.error("peak "+process.resourceUsage().maxRSS))';

export async function benchValidate() {
  const support = await importSupport('bench/image');
  const images = await support.benchImages();
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-bench-'));
  try {
    writeFileSync(join(folder, 'toa.yaml'), images.spec);
    const ours = {
      raw: compare([images.raw, '--spec', join(folder, 'toa.yaml')]),
      qcow2: compare([images.qcow2, '--spec', join(folder, 'toa.yaml')]),
    };
    printOurs(images, ours, {
      raw: await support.bytesRead(images.raw),
      qcow2: await support.bytesRead(images.qcow2),
    });
    const paths = readPaths(images.release);
    print([
      ['the same reads, seconds', 'raw', 'qcow2', 'validate is faster, at least', 'raw', 'qcow2', ''],
      foreignRow('guestfish', ours, (kind) => guestfish(images[kind], paths), AIMS.faster),
      foreignRow('virt-cat', ours, (kind) => foreign('virt-cat', ['-a', images[kind], ...paths])),
      foreignRow('loop mount and cat', ours, (kind) =>
        kind === 'raw' ? loopMount(images, paths, folder) : 'reads no qcow2',
      ),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What decides whether clients show: the files that matter most of those that `validate` reads. */
function readPaths(release) {
  return [
    '/etc/os-release',
    '/etc/fstab',
    '/boot/grub/grub.cfg',
    `/lib/modules/${release}/updates/toa/toa.ko`,
    `/lib/modules/${release}/modules.dep`,
    '/etc/modprobe.d/toa.conf',
    '/etc/systemd/system/toa.service',
    '/etc/toa/toa.env',
    '/etc/toa/trusted',
    '/var/lib/toa/receipt.json',
    '/var/lib/dpkg/status',
  ];
}

/** Medians of alternating runs, so that whatever else the machine does hits both alike. */
function compare(args) {
  const samples = { empty: [], validate: [], peak: [] };
  for (let i = 0; i < RUNS; i++) {
    samples.empty.push(timed(process.execPath, ['-e', '0']).seconds);
    const { seconds, stderr, status } = timed(process.execPath, ['--import', PEAK, PROGRAM, 'validate', ...args]);
    if (status !== 0) throw new Error(`validate ${args.join(' ')}: exit ${status}\n${stderr}`);
    samples.validate.push(seconds);
    samples.peak.push(Number(/^peak (\d+)$/m.exec(stderr)?.[1]) / 1024);
  }
  const [empty, validate] = [median(samples.empty), median(samples.validate)];
  return { empty, validate, ratio: validate / empty, peak: Math.max(...samples.peak) };
}

function printOurs(images, ours, bytes) {
  const rows = ['raw', 'qcow2'].flatMap((kind) => {
    const { ratio, validate, empty, peak } = ours[kind];
    const milliseconds = `${(validate * 1000).toFixed(0)} ms / ${(empty * 1000).toFixed(0)} ms`;
    return [
      [
        `validate of ${sizeOf(images.raw)}, ${kind} / node -e 0`,
        String(AIMS.ratio),
        `${ratio.toFixed(2)} (${milliseconds})`,
        verdict(ratio, AIMS.ratio),
      ],
      ['  memory', `${AIMS.megabytes} MB`, `${peak.toFixed(0)} MB`, verdict(peak, AIMS.megabytes)],
      ['  bytes read from the image', '', count(bytes[kind]), ''],
    ];
  });
  console.log();
  print([['validator', 'at most', 'measured', ''], ...rows]);
}

function sizeOf(path) {
  const { size, blocks } = statSync(path);
  return `Debian on ${(size / 2 ** 30).toFixed(1)} GiB, ${((blocks * 512) / 2 ** 30).toFixed(1)} GiB in use`;
}

function foreignRow(name, ours, measure, aim) {
  const kinds = ['raw', 'qcow2'];
  const measured = kinds.map(measure);
  const ratios = kinds.map((kind, i) =>
    typeof measured[i] === 'number' ? measured[i] / ours[kind].validate : undefined,
  );
  const known = ratios.filter((ratio) => ratio !== undefined);
  return [
    name,
    ...measured.map((seconds) => (typeof seconds === 'number' ? seconds.toFixed(2) : seconds)),
    aim ? String(aim) : '',
    ...ratios.map((ratio) => ratio?.toFixed(1) ?? ''),
    aim && known.length > 0 ? verdict(aim, Math.min(...known)) : '',
  ];
}

function guestfish(image, paths) {
  const reads = paths.map((path) => `download ${path} /dev/null`);
  return foreign('guestfish', ['--ro', '-i', '-a', image], ['ls /boot', 'ls /lib/modules', ...reads, ''].join('\n'));
}

/** Seconds, the better of the runs; or why there are none. */
function foreign(program, args, input) {
  // Without hardware help, as everything here: with KVM it takes about a quarter of the time.
  const env = { ...process.env, LIBGUESTFS_BACKEND: 'direct', LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg' };
  const runs = [];
  for (let i = 0; i < FOREIGN_RUNS; i++) {
    const { seconds, status, stderr, error } = timed(program, args, { env, input, timeout: 600_000 });
    if (error?.code === 'ENOENT') return 'not installed';
    if (status !== 0) return `failed: ${stderr.trim().split('\n').at(-1)}`;
    runs.push(seconds);
  }
  return Math.min(...runs);
}

const MOUNT = `set -e
image=$1 offset=$2 root=$3
shift 3
mount -o ro,loop,noload,offset="$offset" "$image" "$root"
trap 'umount "$root"' EXIT
ls "$root/boot" "$root/lib/modules" >/dev/null
for path; do cat "$root$path" >/dev/null; done`;

function loopMount({ raw, rootAt }, paths, folder) {
  const runs = [];
  for (let i = 0; i < RUNS; i++) {
    const { seconds, status, stderr } = timed('sh', ['-c', MOUNT, 'mount', raw, String(rootAt), folder, ...paths]);
    if (status !== 0) return `failed: ${stderr.trim().split('\n').at(-1)}`;
    runs.push(seconds);
  }
  return median(runs);
}

function timed(program, args, options = {}) {
  const start = process.hrtime.bigint();
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, status, stderr, error };
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
