import type { Distribution } from '../types.ts';
import { el8, el9, el10, elSources } from './el.ts';

export const rocky: Distribution = {
  id: 'rocky',
  name: 'Rocky Linux',
  family: 'rhel',
  osId: 'rocky',
  sources: elSources,
  releases: [
    { ...el8, release: '8', versionId: '8', codename: 'Green Obsidian' },
    { ...el9, release: '9', versionId: '9', codename: 'Blue Onyx' },
    { ...el10, release: '10', versionId: '10', codename: 'Red Quartz' },
  ],
};

export const almalinux: Distribution = {
  id: 'almalinux',
  name: 'AlmaLinux',
  family: 'rhel',
  osId: 'almalinux',
  sources: [...elSources, 'https://docs-cortex.paloaltonetworks.com: Linux Kernel Versions, AlmaLinux 8'],
  releases: [
    { ...el8, release: '8', versionId: '8' },
    { ...el9, release: '9', versionId: '9' },
    { ...el10, release: '10', versionId: '10' },
  ],
};
