import type { Distribution } from '../types.ts';

/**
 * The releases that are supported in November 2026. Kernels roll: a release moves to each new series a few weeks after it
 * appears, so the last one listed is the newest that a document shows, not a limit.
 */
export const fedora: Distribution = {
  id: 'fedora',
  name: 'Fedora Linux',
  family: 'rhel',
  osId: 'fedora',
  // 23.4.4 entered Rawhide in February 2024; the releases here have that or newer.
  cloudInit: '23.4',
  sources: [
    'https://packages.fedoraproject.org/pkgs/kernel/kernel-modules (6.18 and 6.19)',
    'https://github.com/Barre/ZeroFS/pull/584 (43 with 7.1.6)',
    'https://github.com/CodaBool/podman/releases/tag/44.20260907.0 (44 with 7.1.13)',
    'https://packages.fedoraproject.org/pkgs/kernel/kernel-debug-devel-matched/fedora-45-updates-testing.html (7.2.6)',
    'https://gitlab.com/testing-farm/infrastructure/-/merge_requests/1683 (45 is out, images of 4 November 2026)',
    'https://docs.fedoraproject.org/ko/releases/lifecycle/ (a release ends about a month after the second that follows it)',
    'https://packages.fedoraproject.org/pkgs/cloud-init/cloud-init/fedora-rawhide.html (cloud-init 23.4.4)',
  ],
  releases: [
    { release: '43', versionId: '43', kernels: ['6.17', '6.18', '6.19', '7.0', '7.1'] },
    { release: '44', versionId: '44', kernels: ['6.19', '7.0', '7.1'] },
    { release: '45', versionId: '45', kernels: ['7.2'] },
  ],
};
