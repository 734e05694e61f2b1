// `npm run check`, `npm test` and `npm run test:vm`: installs what is missing, runs the layers, and ends with true counts over all.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { buildProgram, installDebianPackages, installNpmPackages } from './prepare.mjs';

const words = (text) => text.trim().split(/\s+/);
const IMAGE_PACKAGES = words(
  'btrfs-progs dosfstools e2fsprogs fdisk lvm2 mtools openssl qemu-utils xfsprogs xz-utils zstd',
);
const FAST_PACKAGES = [
  ...words(
    'busybox-static cloud-init gcc grub-common iproute2 kmod libc6-dev packer python3 python3-yaml shellcheck systemd',
  ),
  ...IMAGE_PACKAGES,
];
const VM_PACKAGES = words(
  'chromium clang clang-14 cloud-image-utils cpio createrepo-c dnf grub-common grub-pc-bin libclang-rt-dev mmdebstrap openssh-client qemu-system-x86 rpm',
);
const MATRIX_PACKAGES = words('grub-efi-amd64-bin ovmf qemu-efi-aarch64 qemu-system-arm qemu-user-static');

/** What each mode runs; a layer is a command of its own, or a project of vitest.config.mjs. */
const MODES = {
  check: { packages: FAST_PACKAGES, projects: ['fast'] },
  test: { packages: [...FAST_PACKAGES, ...VM_PACKAGES], projects: ['fast', 'vm'] },
  vm: { packages: [...FAST_PACKAGES, ...VM_PACKAGES, ...MATRIX_PACKAGES], projects: ['vm', 'matrix'] },
};

const mode = MODES[process.argv[2] ?? 'test'];
installNpmPackages();
installDebianPackages(mode.packages);
buildProgram();

const counts = [
  ...(mode === MODES.vm ? [] : [lint('biome', ['check', '--error-on-warnings', '.']), lint('tsc', ['--noEmit'])]),
  ...mode.projects.map(vitest),
];
const total = (key) => counts.reduce((sum, count) => sum + count[key], 0);
console.log(`${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
process.exitCode = total('failed') === 0 && total('passed') > 0 ? 0 : 1;

function lint(tool, args) {
  const { status } = spawnSync(`node_modules/.bin/${tool}`, args, { stdio: 'inherit' });
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

/** A run that wrote no report, or in which a file could not be collected, counts as failed, whatever its tests say. */
function vitest(project) {
  const report = `out/test/${project}.json`;
  mkdirSync('out/test', { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync('node_modules/.bin/vitest', ['run', '--project', project, ...reporters], {
    stdio: 'inherit',
  });
  let seen;
  try {
    seen = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const failed = seen.numFailedTests;
  return {
    passed: seen.numPassedTests,
    failed: status !== 0 && failed === 0 ? 1 : failed,
    skipped: seen.numPendingTests + seen.numTodoTests,
  };
}
