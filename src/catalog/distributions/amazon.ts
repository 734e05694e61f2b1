import { rpmHeaders } from '../families.ts';
import type { Distribution } from '../types.ts';

export const amazon: Distribution = {
  id: 'amazon',
  name: 'Amazon Linux',
  family: 'rhel',
  osId: 'amzn',
  sources: [
    'https://docs.aws.amazon.com/linux/al2/ug/aml2-kernel.html (4.14, 5.10, 5.15)',
    'https://docs.aws.amazon.com/linux/al2023/ug/kernel-lifecycle.html',
    'https://docs.amazonaws.cn/linux/al2023/release-notes/relnotes-2023.11.20260526.md (images with 6.1, 6.12 and 6.18)',
    'https://docs.amazonaws.cn/en_us/linux/al2023/release-notes/new-AL2023.12-AL2023.12.md (packages kernel6.12, kernel6.18)',
    'kernel.spec of Amazon Linux: kernel-devel requires elfutils-libelf-devel and, on 2 with 5.10 and later, gcc10',
    'https://github.com/docker-library/tomcat/pull/340 (support of 2 ended on 30 June 2026)',
  ],
  releases: [
    {
      release: '2',
      versionId: '2',
      packageManager: 'yum',
      python: ['/usr/bin/python2.7'],
      kernels: ['4.14', '5.4', '5.10', '5.15'],
      // Unconfirmed: 18.2 of the first images, from memory; 19.3 later. Also unconfirmed: whether the repositories will be withdrawn.
      cloudInit: '18.2',
    },
    {
      release: '2023',
      versionId: '2023',
      // Every kernel after the first has packages named after its series.
      headers: [
        { match: '6.12.*', packages: ['kernel6.12-devel-{release}'] },
        { match: '6.18.*', packages: ['kernel6.18-devel-{release}'] },
        ...rpmHeaders,
      ],
      kernels: ['6.1', '6.12', '6.18'],
      // Unconfirmed: from memory.
      cloudInit: '22.2',
    },
  ],
};
