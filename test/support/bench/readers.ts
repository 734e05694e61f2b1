/** The readers that are compared, as a measuring machine loads them. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { buildModule, type Kernel } from '../kernels.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const GUEST = fileURLToPath(new URL('../../../guest/', import.meta.url));

/** The senders of connections.c. */
const SENDERS = '198.51.100.0/24';
const NETWORKS = 10_000;

/** Shell commands of the machine. */
export interface Reader {
  readonly load: string;
  /** Makes a loaded one trust 10,000 networks. */
  readonly trustMany: string;
  readonly unload: string;
  /** Prints a line with how much memory the loaded reader takes, as the kernel counts it. */
  readonly kilobytes: string;
}

const BPF = 'python3 /toa/toa-bpf';

export const READERS = {
  module: {
    load: `insmod /toa.ko trusted=${SENDERS}`,
    trustMany: 'dd if=/networks of=/proc/net/toa_trusted bs=1M 2>/dev/null',
    unload: 'rmmod toa',
    // The kernel counts its text, data and tables; not its list, an array of 24 bytes a network.
    kilobytes:
      'echo kilobytes $(( $(awk \'$1 == "toa" { print $2 }\' /proc/modules) / 1024 + $(wc -l </proc/net/toa_trusted) * 24 / 1024 ))',
  },
  ebpf: {
    load: `echo ${SENDERS} | ${BPF} load 254`,
    trustMany: `${BPF} load 254 </networks`,
    unload: `${BPF} unload`,
    kilobytes: 'python3 /toa/loaded.py',
  },
} as const satisfies Readonly<Record<string, Reader>>;

/** The files that a machine needs, by path. */
export type Programs = Readonly<Record<string, Buffer>>;

/** Builds our module for `kernel`, and the program that measures. */
export async function buildPrograms(kernel: Kernel): Promise<Programs> {
  const directory = await mkdtemp(join(tmpdir(), 'toa-bake-bench-'));
  try {
    const { path } = await buildModule(kernel, join(GUEST, 'module'), directory);
    const cost = join(directory, 'cost');
    const sources = ['cost.c', 'connections.c', '../peer/wire.c', '../peer/options.c'].map((name) => join(HERE, name));
    await execa('gcc', ['-std=gnu11', '-O2', '-static', '-Wall', '-Wextra', '-Werror', '-o', cost, ...sources]);
    return {
      '/toa.ko': await readFile(path),
      '/toa/toa-bpf': await readFile(join(GUEST, 'bpf/toa-bpf')),
      '/toa/toa.bpf': await readFile(join(GUEST, 'bpf/toa.bpf')),
      '/toa/toa_bpf.py': await readFile(join(GUEST, 'bpf/toa-bpf')),
      '/toa/loaded.py': await readFile(join(HERE, 'loaded.py')),
      '/cost': await readFile(cost),
      '/networks': Buffer.from(networks()),
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function networks(): string {
  const others = Array.from({ length: NETWORKS - 1 }, (_, i) => `10.${i >> 8}.${i & 255}.0/25\n`);
  return `${others.join('')}${SENDERS}\n`;
}
