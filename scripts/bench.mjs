// `npm run bench [-- SUITE...]`: the budgets of size and time, and what the module costs on the kernels of those Debian suites
// (trixie; also bookworm, trixie-backports, ...), measured here and now. It asserts nothing.

import { benchModule } from './bench/module.mjs';
import { benchProgram } from './bench/program.mjs';
import { installDebianPackages, installNpmPackages } from './prepare.mjs';

const suites = process.argv.slice(2);

installNpmPackages();
installDebianPackages(['cpio', 'gcc', 'libc6-dev', 'mmdebstrap', 'qemu-system-x86']);
benchProgram();
await benchModule(suites.length > 0 ? suites : ['trixie']);
