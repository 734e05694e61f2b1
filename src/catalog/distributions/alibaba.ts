import type { Distribution } from '../types.ts';

export const alinux: Distribution = {
  id: 'alinux',
  name: 'Alibaba Cloud Linux',
  family: 'rhel',
  osId: 'alinux',
  sources: [
    'https://www.alibabacloud.com/help/en/alinux/user-guide/vtoa-instructions (3 Feb 2026)',
    'https://help.aliyun.com/en/alinux/user-guide/change-the-kernel-version (kernel and kernel-devel packages of 3)',
    'https://gist.github.com/ivmm/ff3190353321b647115331a11d00f7f5 (2 is 2.1903)',
  ],
  releases: [
    {
      release: '2',
      // os-release says 2.1903.
      versionId: '2',
      packageManager: 'yum',
      python: ['/usr/bin/python2.7'],
      kernels: ['4.19'],
      // Unconfirmed: kernel and Python from memory; cloud-init as low as CentOS 7's, with which 2 is compatible; whether the mirrors
      // dropped it when support ended in March 2024.
      cloudInit: '0.7.5',
    },
    {
      release: '3',
      versionId: '3',
      python: ['/usr/libexec/platform-python', '/usr/bin/python3'],
      kernels: ['5.10'],
      // Unconfirmed, hence as low as Enterprise Linux 8's, with which 3 is compatible; so is the Python.
      cloudInit: '18.5',
      vendorReader: { package: 'vtoa', unit: 'vtoa', kernelMin: '5.10.134-15' },
    },
  ],
};

export const anolis: Distribution = {
  id: 'anolis',
  name: 'Anolis OS',
  family: 'rhel',
  osId: 'anolis',
  // Unconfirmed for both, hence as low as Enterprise Linux 8's.
  cloudInit: '18.5',
  sources: [
    'https://docs.nvidia.com/networking/display/MLNXENv24010331/General+Support (kernels of 8.4 and 8.6)',
    'https://github.com/bin456789/reinstall/issues/165 (release notes of 23.1: ANCK 6.6, Python 3.11)',
    'https://developer.aliyun.com/article/1073196 (23: two kernels, 5.10 and 6.x)',
  ],
  releases: [
    {
      release: '8',
      versionId: '8',
      python: ['/usr/libexec/platform-python', '/usr/bin/python3'],
      // Unconfirmed: 4.19, from memory.
      kernels: ['4.18', '4.19', '5.10'],
    },
    {
      release: '23',
      versionId: '23',
      // Unconfirmed: whether the headers of the kernel that is not the default have a name of their own.
      kernels: ['5.10', '6.6'],
    },
  ],
};
