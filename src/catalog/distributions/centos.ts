import type { Distribution } from '../types.ts';
import { el6, el7, el8, el9, el10, elSources } from './el.ts';

/** CentOS Linux and CentOS Stream, which call themselves by the same ID. Unconfirmed: the folder names in the vault, from memory. */
export const centos: Distribution = {
  id: 'centos',
  name: 'CentOS',
  family: 'rhel',
  osId: 'centos',
  sources: [
    ...elSources,
    'https://smoogespace.blogspot.com/2024/05/centos-stream-8-end-of-life-2024-05-31.html (dates; all content moves to the vault)',
    'https://linux-id.net/posts/failed-to-download-metadata-for-repo-appstream-on-centos-8 (8: date, vault)',
    'https://github.com/Dream4ever/Knowledge-Base/issues/108 (6: date)',
    'https://github.com/puppetlabs/facter/pull/2291 (os-release of CentOS Stream 8)',
    'https://github.com/endoflife-date/endoflife.date/pull/1255 (os-release of CentOS Linux 8)',
  ],
  releases: [
    {
      ...el6,
      release: '6',
      // 6 has no os-release: /etc/centos-release says which it is.
      versionId: '6',
      archive: { since: '2020-11-30', location: 'https://vault.centos.org/6.10/' },
    },
    {
      ...el7,
      release: '7',
      versionId: '7',
      // The arm64 builds ran kernels of their own (4.14, 4.18) and are not in the tables.
      arches: ['x86_64'],
      archive: { since: '2024-06-30', location: 'https://vault.centos.org/7.9.2009/' },
    },
    {
      ...el8,
      release: '8',
      versionId: '8',
      osName: 'CentOS Linux',
      archive: { since: '2021-12-31', location: 'https://vault.centos.org/8.5.2111/' },
    },
    {
      ...el8,
      release: 'stream-8',
      versionId: '8',
      osName: 'CentOS Stream',
      archive: { since: '2024-05-31', location: 'https://vault.centos.org/8-stream/' },
    },
    { ...el9, release: 'stream-9', versionId: '9' },
    { ...el10, release: 'stream-10', versionId: '10' },
  ],
};
