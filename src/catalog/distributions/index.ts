import type { Distribution } from '../types.ts';
import { alinux, anolis } from './alibaba.ts';
import { amazon } from './amazon.ts';
import { centos } from './centos.ts';
import { debian } from './debian.ts';
import { fedora } from './fedora.ts';
import { openeuler } from './openeuler.ts';
import { oracle } from './oracle.ts';
import { almalinux, rocky } from './rebuilds.ts';
import { rhel } from './rhel.ts';
import { opensuseLeap, sles } from './suse.ts';
import { ubuntu } from './ubuntu.ts';

/** Every distribution, in the order in which they are listed to people: where the reader is needed most comes first. */
export const DISTRIBUTIONS: readonly Distribution[] = [
  alinux,
  anolis,
  centos,
  rhel,
  rocky,
  almalinux,
  oracle,
  fedora,
  amazon,
  openeuler,
  opensuseLeap,
  sles,
  ubuntu,
  debian,
];
