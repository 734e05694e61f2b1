import type { Distribution } from '../types.ts';

export const opensuseLeap: Distribution = {
  id: 'opensuse-leap',
  name: 'openSUSE Leap',
  family: 'suse',
  osId: 'opensuse-leap',
  sources: [
    'https://endoflife.date/api/v1/products/opensuse/ (15.6 until 30 April 2026, 16.0 until 31 October 2027)',
    'https://en.opensuse.org/Lifetime',
    'https://software.opensuse.org/package/cloud-init',
    'build.opensuse.org: kernel-default/source-timestamp of branch SLE15-SP6 (6.4), which Leap 15.6 shares',
  ],
  releases: [
    // Its support has ended, but nothing says that the mirrors dropped it.
    { release: '15.6', versionId: '15.6', kernels: ['6.4'], cloudInit: '23.3' },
    // Unconfirmed: the kernel, from memory.
    { release: '16.0', versionId: '16.0', kernels: ['6.12'], cloudInit: '25.1' },
  ],
};

/**
 * One row for all service packs: VERSION_ID is 15 without one and 15.1 to 15.7 with one, and only the kernel series tells them
 * apart. Packages need a registered machine; the flavours `azure` and `rt` come from modules of their own. SLES loads modules that
 * SUSE does not support only where modprobe is told so: `allow_unsupported_modules 1` in /etc/modprobe.d.
 */
export const sles: Distribution = {
  id: 'sles',
  name: 'SUSE Linux Enterprise Server',
  family: 'suse',
  osId: 'sles',
  sources: [
    'build.opensuse.org: kernel-default/source-timestamp of branch SLE15-SP6 (6.4)',
    'build.opensuse.org: cloud-init.changes of SUSE:SLE-15-SP5 (23.3) and of SUSE:SLE-12-SP5 (17.1)',
    'kernel-binary.spec.in of the SUSE kernel source (allow_unsupported_modules)',
  ],
  releases: [
    {
      release: '15',
      versionId: '15',
      // GA and SP1, SP2 and SP3, SP4 and SP5, SP6 and SP7. Unconfirmed: those before SP6, from memory.
      kernels: ['4.12', '5.3', '5.14', '6.4'],
      // Unconfirmed, hence no newer than what the older SLES 12 had.
      cloudInit: '17.1',
    },
  ],
};
