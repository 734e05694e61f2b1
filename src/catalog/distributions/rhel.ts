import type { Distribution } from '../types.ts';
import { el6, el7, el8, el9, el10, elSources } from './el.ts';

export const rhel: Distribution = {
  id: 'rhel',
  name: 'Red Hat Enterprise Linux',
  family: 'rhel',
  osId: 'rhel',
  sources: [
    ...elSources,
    'https://github.com/dotnet/runtime/issues/423 (6: date of the Red Hat Enterprise Linux Life Cycle page)',
    'https://smoogespace.blogspot.com/ (7: extended support since 1 July 2024)',
    'Red Hat documentation: Managing, monitoring, and updating the kernel (8, 9, 10)',
  ],
  releases: [
    {
      ...el6,
      release: '6',
      // 6 has no os-release: /etc/redhat-release says which it is.
      versionId: '6',
      archive: { since: '2020-11-30', location: 'Red Hat Extended Life Cycle Support (ELS) add-on' },
    },
    {
      ...el7,
      release: '7',
      versionId: '7',
      // The arm64 builds ran kernels of their own (4.14, 4.18) and are not in the tables.
      arches: ['x86_64'],
      archive: { since: '2024-06-30', location: 'Red Hat Extended Life Cycle Support (ELS) add-on' },
    },
    { ...el8, release: '8', versionId: '8' },
    { ...el9, release: '9', versionId: '9' },
    { ...el10, release: '10', versionId: '10' },
  ],
};
