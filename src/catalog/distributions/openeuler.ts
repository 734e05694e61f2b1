import type { Distribution } from '../types.ts';

/** The service packs (22.03 LTS-SP4, 24.03 LTS-SP1, …) keep VERSION_ID and kernel series of their release. */
export const openeuler: Distribution = {
  id: 'openeuler',
  name: 'openEuler',
  family: 'rhel',
  osId: 'openEuler',
  sources: [
    'https://blog.51cto.com/shuchaoyang/6033474 (22.03: kernel 5.10)',
    'https://gitee.com/openeuler/kernel/issues/I8QYR1 (branch OLK-6.6)',
    'https://gitcode.com/src-openeuler/cloud-init (versions by branch)',
    'https://gitcode.com/openeuler/release-management/blob/master/valid_release_branches.yaml',
  ],
  releases: [
    // Unconfirmed: the cloud-init of 22.03, from memory, and that 24.03 is what the 6.6 branch is for.
    { release: '22.03', versionId: '22.03', kernels: ['5.10'], cloudInit: '21.4' },
    { release: '24.03', versionId: '24.03', kernels: ['6.6'], cloudInit: '23.4' },
  ],
};
