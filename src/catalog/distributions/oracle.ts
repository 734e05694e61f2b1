import { rpmHeaders } from '../families.ts';
import type { Distribution } from '../types.ts';
import { el7, el8, el9, el10, elSources } from './el.ts';

/**
 * Two kernels: the Red Hat compatible one (x86_64 only) and the Unbreakable Enterprise Kernel (UEK), which is the default.
 */
export const oracle: Distribution = {
  id: 'oracle',
  name: 'Oracle Linux',
  family: 'rhel',
  osId: 'ol',
  headers: [
    // kernel-uek-devel pulls in the GCC toolset that its kernel was built with (11 for UEK R7 on 8, 13 for UEK 8 on 9): the build
    // must use the compiler that the kernel's configuration names. UEK's 64k and debug kernels end in ".64k" and ".debug", which
    // no placeholder can cut off: for them this names no package, and the build says so.
    { match: '*uek*', packages: ['kernel-uek-devel-{release}'] },
    ...rpmHeaders,
  ],
  sources: [
    ...elSources,
    'https://docs.oracle.com/en-us/iaas/oracle-linux/boot/boot-oracle-linux-kernel-reference-composite.htm (8, 9, 10)',
    'https://docs.oracle.com/en/operating-systems/oracle-linux/7/relnotes7.9/ol7-kernels.html',
    'https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/615/oracle-linux.html (headers, toolsets)',
    'kernel-uek.spec of github.com/oracle/linux-uek: kernel_devel_package',
    'https://docs.oracle.com/en/operating-systems/oracle-linux/6/adminsg/about-uekr3.html (3.8) and uek4-bk4_vx2_45.html (4.1)',
  ],
  releases: [
    {
      ...el7,
      release: '7',
      versionId: '7',
      // UEK R3, the compatible kernel, UEK R4, R5 and R6.
      kernels: ['3.8', '3.10', '4.1', '4.14', '5.4'],
      // Unconfirmed: the date, from memory, and whether the public repositories still serve the last free state.
      archive: { since: '2024-12-31', location: 'Oracle Linux Extended Support' },
    },
    // The compatible kernel, UEK R6 and R7.
    { ...el8, release: '8', versionId: '8', kernels: ['4.18', '5.4', '5.15'] },
    // The compatible kernel, UEK R7 and 8.
    { ...el9, release: '9', versionId: '9', kernels: ['5.14', '5.15', '6.12'] },
    // UEK 8 and the compatible kernel are both 6.12.
    { ...el10, release: '10', versionId: '10' },
  ],
};
