/** Rooms to try packet filters in: a suite's own nft and iptables over this machine's kernel, in namespaces that vanish with them. */

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { packaged } from '../../../src/packaged.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { renderEnv, renderTrusted } from '../../../src/render/env.ts';
import { strip } from '../../../src/render/strip.ts';
import { aptConfiguration } from '../apt.ts';
import { cached } from '../cache.ts';
import { makeRoot } from '../kernels.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PROBE = fileURLToPath(new URL('../../../guest/toa-probe', import.meta.url));
const PACKAGES: readonly string[] = ['iptables', 'nftables'];
const LIMIT_MS = 120_000;

/** Part of the key: raise it with every change of this file that changes what is built. */
const RECIPE = 1;

/** A TCP packet to be sent, and how: see packets.py. */
export interface Packet {
  readonly from: string;
  readonly flags: number;
  /** Hexadecimal, a multiple of four bytes. */
  readonly options: string;
  readonly data?: number;
  readonly pieces?: readonly number[];
  readonly headers?: string;
  readonly times?: number;
}

/** What TCP was given: its options in hexadecimal, and whether the checksum was right. */
export interface Segment {
  readonly options: string;
  readonly sound: boolean;
}

/** A system of the suite with the packet-filter tools of that suite; from the cache, or built now (about a minute). Needs root. */
async function systemOf(suite: string): Promise<string> {
  const apt = await aptConfiguration(suite);
  const inputs = { recipe: RECIPE, suite, apt, packages: PACKAGES };
  const directory = await cached(`firewall-${suite}`, inputs, (part) =>
    makeRoot(join(part, 'root'), suite, PACKAGES, apt),
  );
  return join(directory, 'root');
}

/** Opens a room; `close` it at the end. */
export async function openRoom(suite: string): Promise<Room> {
  const lower = await systemOf(suite);
  const scratch = await mkdtemp(join(tmpdir(), 'toa-bake-room-'));
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child'];
  const process = execa('unshare', [...namespaces, 'sh', join(HERE, 'room.sh'), lower, scratch], {
    buffer: false,
    reject: false,
    stderr: 'inherit',
  });
  const ready = new Promise((resolve) => process.stdout?.once('data', resolve));
  if (!(await Promise.race([ready, process.then(() => false)]))) throw new Error(`no room for ${suite}`);
  const { stdout } = await execa('pgrep', ['-P', `${process.pid}`]);
  return new Room(stdout.trim(), scratch, process);
}

/** An open room. */
export class Room {
  readonly #pid: string;
  readonly #scratch: string;
  readonly #process: { kill(signal: 'SIGKILL'): boolean } & PromiseLike<unknown>;

  constructor(pid: string, scratch: string, process: { kill(signal: 'SIGKILL'): boolean } & PromiseLike<unknown>) {
    this.#pid = pid;
    this.#scratch = scratch;
    this.#process = process;
  }

  /** Puts the plan's files into the system, as they travel. */
  async install(plan: Plan): Promise<void> {
    const files = plan.files.map(({ source, path, mode, language }) => ({
      path,
      mode,
      content: strip(packaged.guest(source), language),
    }));
    await this.write('/etc/toa/toa.env', renderEnv(plan));
    await this.write('/etc/toa/trusted', renderTrusted(plan));
    for (const { path, mode, content } of files) await this.write(path, content, Number.parseInt(mode, 8));
  }

  /** Writes a file of the system. */
  async write(path: string, content: string, mode = 0o644): Promise<void> {
    const file = join(`/proc/${this.#pid}/root`, this.#scratch, 'root', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await chmod(file, mode);
  }

  /** What a script says that runs in the system, with its errors; rejects where it fails. */
  async run(script: string): Promise<string> {
    const inside = ['chroot', join(this.#scratch, 'root'), 'sh', '-c', script];
    const { all } = await this.#enter(inside, '');
    return all;
  }

  /** Sends packets to the room, and says for each what TCP was given of it. */
  async send(packets: readonly Packet[]): Promise<readonly (readonly Segment[])[]> {
    const { stdout } = await this.#enter(['python3', join(HERE, 'packets.py'), PROBE], JSON.stringify(packets));
    return JSON.parse(stdout);
  }

  /** Ends all that runs in it; nothing stays. */
  async close(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#process;
    await rm(this.#scratch, { recursive: true });
  }

  #enter(command: readonly string[], input: string) {
    const args = ['--target', this.#pid, '--mount', '--net', '--pid', '--', ...command];
    return execa('nsenter', args, { input, all: true, timeout: LIMIT_MS, env: { LC_ALL: 'C' } });
  }
}
