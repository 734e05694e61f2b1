import type { Distribution } from '../types.ts';

// In words, because the test machines' own package sources are the only ones that this project writes out.
const archive = 'The Debian archive (host archive in the domain of Debian), snapshots by date (host snapshot)';

/**
 * Kernels: the one of the release, then those of its backports. A release counts as archived from the end of its long term
 * support on; the mirrors drop it months later. Unconfirmed: the backports of 8 to 11, from memory.
 */
export const debian: Distribution = {
  id: 'debian',
  name: 'Debian',
  family: 'debian',
  osId: 'debian',
  sources: [
    'distro-info-data 0.58+deb12u7: debian.csv (dates)',
    'Package lists of bookworm, trixie and sid and of their backports, read in November 2026 (kernels, cloud-init, dependencies)',
    'https://support.huaweicloud.com/usermanual-elb/elb_06_0001.md (8 with 3.16)',
    'https://docs.nvidia.com/networking/display/MLNXENv23070500/General+Support (10 with 4.19)',
    'https://github.com/vmware/ansible-vsphere-gos-validation/pull/617 (cloud-init of 10)',
  ],
  releases: [
    {
      release: '8',
      versionId: '8',
      codename: 'jessie',
      // Unconfirmed: from memory. Its cloud-init ran on Python 2.
      cloudInit: '0.7.6',
      python: ['/usr/bin/python3', '/usr/bin/python2.7'],
      kernels: ['3.16', '4.9'],
      archive: { since: '2020-06-30', location: archive },
    },
    {
      release: '9',
      versionId: '9',
      codename: 'stretch',
      // Unconfirmed: from memory.
      cloudInit: '0.7.9',
      kernels: ['4.9', '4.19'],
      archive: { since: '2022-06-30', location: archive },
    },
    {
      release: '10',
      versionId: '10',
      codename: 'buster',
      cloudInit: '20.2',
      kernels: ['4.19', '5.10'],
      archive: { since: '2024-06-30', location: archive },
    },
    // Its long term support ended in August 2026, but the mirrors still have it; its backports are gone.
    {
      release: '11',
      versionId: '11',
      codename: 'bullseye',
      cloudInit: '20.4',
      kernels: ['5.10', '6.1'],
      evidence: 'booted',
    },
    {
      release: '12',
      versionId: '12',
      codename: 'bookworm',
      cloudInit: '22.4',
      kernels: ['6.1', '6.12'],
      evidence: 'booted',
    },
    {
      release: '13',
      versionId: '13',
      codename: 'trixie',
      cloudInit: '25.1',
      kernels: ['6.12', '7.2', '7.3'],
      evidence: 'booted',
    },
    {
      release: 'sid',
      // os-release has no VERSION_ID before a release is frozen, so testing looks the same.
      versionId: '',
      codename: 'sid',
      cloudInit: '26.2',
      kernels: ['7.2'],
      evidence: 'booted',
    },
  ],
};
