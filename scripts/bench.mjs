// `npm run bench [-- SUITE...]`: the budgets of size and time, what a look into an image costs beside other tools (guestfish and
// virt-cat of libguestfs-tools, where that is installed), and what the module costs on the kernels of those Debian suites (trixie;
// also bookworm, trixie-backports, ...), measured here and now. It asserts nothing.

import { benchModule } from './bench/module.mjs';
import { benchProgram } from './bench/program.mjs';
import { benchValidate } from './bench/validate.mjs';
import { installDebianPackages, installNpmPackages } from './prepare.mjs';

const suites = process.argv.slice(2);

installNpmPackages();
installDebianPackages(
  'cloud-image-utils cpio e2fsprogs fdisk gcc grub-common grub-pc-bin libc6-dev mmdebstrap qemu-system-x86 qemu-utils'.split(
    ' ',
  ),
);
benchProgram();
await benchValidate();
await benchModule(suites.length > 0 ? suites : ['trixie']);
