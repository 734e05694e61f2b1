import type { Distribution } from '../types.ts';

// The last free state of these releases stays on the normal mirrors; newer kernels and their headers need a subscription.
const pro = 'Ubuntu Pro (Expanded Security Maintenance)';

/**
 * Kernels: the one of the release, then those of the hardware enablement (HWE) stack, which the cloud kernels (-aws, -azure, …)
 * follow.
 */
export const ubuntu: Distribution = {
  id: 'ubuntu',
  name: 'Ubuntu LTS',
  family: 'debian',
  osId: 'ubuntu',
  sources: [
    'distro-info-data 0.58+deb12u7: ubuntu.csv (dates)',
    'https://ubuntu.com/security/livepatch/docs/client/reference/platform/supported-kernels/ (kernels of 16.04 to 26.04)',
    'https://wiki.ubuntu.com/1404_HWE_EOL and https://wiki.ubuntu.com/Kernel/LTSEnablementStack (kernels of 14.04 to 20.04)',
    'https://thomas-krenn.com/en/wiki/Ubuntu_LTS_Hardware_Enablement_Stack (kernels of 20.04 and 22.04)',
    'https://github.com/m0nad/Diamorphine/issues/43 (22.04: 6.5 was built with gcc-12)',
    "Ubuntu's package index for cloud-init (24.04: 24.1.3, 26.04: 26.1)",
  ],
  releases: [
    {
      release: '14.04',
      versionId: '14.04',
      codename: 'trusty',
      bootFile: 'etc-modules',
      cloudInit: '0.7.5',
      kernels: ['3.13', '3.16', '3.19', '4.2', '4.4'],
      archive: { since: '2019-04-25', location: pro },
    },
    {
      release: '16.04',
      versionId: '16.04',
      codename: 'xenial',
      // Unconfirmed: from memory; updates brought 21.1.
      cloudInit: '0.7.7',
      kernels: ['4.4', '4.8', '4.10', '4.13', '4.15'],
      archive: { since: '2021-04-30', location: pro },
    },
    {
      release: '18.04',
      versionId: '18.04',
      codename: 'bionic',
      // Unconfirmed: from memory; updates brought 23.1.
      cloudInit: '18.2',
      kernels: ['4.15', '4.18', '5.0', '5.3', '5.4'],
      archive: { since: '2023-05-31', location: pro },
    },
    {
      release: '20.04',
      versionId: '20.04',
      codename: 'focal',
      // Unconfirmed: from memory.
      cloudInit: '20.1',
      kernels: ['5.4', '5.8', '5.11', '5.13', '5.15'],
      archive: { since: '2025-05-29', location: pro },
    },
    {
      release: '22.04',
      versionId: '22.04',
      codename: 'jammy',
      // Unconfirmed: from memory; updates brought 26.1.
      cloudInit: '22.1',
      // The headers do not depend on a compiler, and the default gcc-11 does not know the options of the newer kernels.
      headers: [
        { match: '6.*', packages: ['linux-headers-{release}', 'gcc-12'] },
        { match: '*', packages: ['linux-headers-{release}'] },
      ],
      kernels: ['5.15', '5.19', '6.2', '6.5', '6.8'],
    },
    {
      release: '24.04',
      versionId: '24.04',
      codename: 'noble',
      cloudInit: '24.1',
      // Unconfirmed: that the default gcc-13 also builds for 7.0.
      kernels: ['6.8', '6.11', '6.14', '6.17', '7.0'],
    },
    {
      release: '26.04',
      versionId: '26.04',
      codename: 'resolute',
      cloudInit: '26.1',
      kernels: ['7.0'],
    },
  ],
};
