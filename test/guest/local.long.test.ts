/** The verb fetch, for files that came beside install-toa.sh: in fake roots, with the folders as somebody may copy them. */

import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type FakeMachine, KERNEL, type Run, SHELLS, type Shell } from '../support/fakeroot.ts';
import { serveHttps } from '../support/https.ts';
import { fake, module, receipt, script } from '../support/setup.ts';

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
/** As much of an ELF file for x86-64 as is looked at. */
const elf = (text: string) =>
  Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(14), Buffer.from([0x3e, 0]), Buffer.from(text)]);
const BYTES = elf('taken along\n');
const PLACE = `toa-files/${hashOf(BYTES).slice(0, 12)}-toa_1_.ko`;
const FETCHED = `/var/lib/toa/fetch/${hashOf(BYTES)}`;

const web = await serveHttps({ '/other.ko': (_, response) => response.writeHead(200).end(elf('fetched\n')) });
afterAll(() => web.close());

const LOCAL = `{path: "../build/toa 1 .ko", sha256: "${hashOf(BYTES)}", role: module, release: ${KERNEL}}`;
const OTHER = '6.1.0-41-amd64';
const SERVED = `{url: "${web.origin}/other.ko", sha256: "${hashOf(elf('fetched\n'))}", role: module, release: ${OTHER}}`;
const scriptOf = (...files: readonly string[]) =>
  script('debian-12', `, method: prebuilt, trust: any, files: [${files.join(', ')}]`);

/** Debian 12 without compiler and headers, and a folder that was copied to it: the script, and what came along. */
function machineWith(shell: Shell, came: Readonly<Record<string, Buffer>> = { [PLACE]: BYTES }) {
  const machine = fake(shell, {
    ...{ headers: [], commands: ['python3'], tools: ['curl'] },
    steer: { vendor: '', vermagic: `${KERNEL} SMP\n` },
    files: { '/proc/sys/kernel/random/boot_id': 'boot-1\n' },
  });
  const folder = join(dirname(machine.root), 'copied');
  for (const [path, bytes] of Object.entries({ 'install-toa.sh': Buffer.from(scriptOf(LOCAL)), ...came })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return { machine, folder };
}

/** What somebody types. */
const type = async (machine: FakeMachine, words: string): Promise<Run> => await machine.install(`${words}\n`, []);

describe.concurrent.each(SHELLS)('a file that came along, under %s', (shell) => {
  it('is taken from beside the script, checked and used; again when nothing of what was copied is left', async () => {
    const { machine, folder } = machineWith(shell);
    const run = await type(machine, `cd ${folder}; sh install-toa.sh all`);
    expect(run.code, run.stderr).toBe(0);
    expect(receipt(machine)).toMatchObject({ result: 'ok', kernels: [{ release: KERNEL, sha256: hashOf(BYTES) }] });
    expect(machine.read(module(KERNEL))).toBe(BYTES.toString());
    expect(machine.read(FETCHED)).toBe(BYTES.toString());
    rmSync(join(folder, 'toa-files'), { recursive: true });
    expect(await type(machine, `cd ${folder}; sh install-toa.sh all`)).toMatchObject({ code: 0, stderr: '' });
    rmSync(folder, { recursive: true });
    expect(await machine.setup('all')).toMatchObject({ code: 0, stderr: '' });
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    expect(machine.has('/var/lib/toa')).toBe(false);
  });

  it.each([
    ['by its path', 'cd /; sh FOLDER/install-toa.sh fetch'],
    ['by its path, with odd slashes', 'cd FOLDER; sh FOLDER//install-toa.sh fetch'],
    ['from the folder above', 'cd FOLDER/..; sh copied/install-toa.sh fetch'],
    ['from a folder below', 'cd FOLDER/toa-files; sh ../install-toa.sh fetch'],
    ['from the folder above, with odd slashes', 'cd FOLDER/..; sh ./copied//install-toa.sh fetch'],
    ['from a folder with spaces', "cp -r FOLDER 'FOLDER 2'; cd 'FOLDER 2'; sh install-toa.sh fetch"],
  ])('is found, %s', async (_, words) => {
    const { machine, folder } = machineWith(shell);
    const run = await type(machine, words.replaceAll('FOLDER', folder));
    expect(run.code, run.stderr).toBe(0);
    expect(machine.read(FETCHED)).toBe(BYTES.toString());
  });

  it('is missing where only the script was copied: exit 17, which and what to do; said before anything else too', async () => {
    const { machine, folder } = machineWith(shell, {});
    const before = machine.tree();
    const asked = await type(machine, `cd ${folder}; sh install-toa.sh`);
    const words = `${folder}/${PLACE} is missing (copy the whole folder of install-toa.sh, and run it there)`;
    expect(asked).toMatchObject({ code: 17, stderr: `toa-setup: preflight: ${words}\n` });
    expect(machine.tree()).toEqual(before);
    const run = await type(machine, `cd ${folder}; sh install-toa.sh all`);
    expect(run).toMatchObject({ code: 17, stderr: `toa-setup: fetch: ${words}\n` });
    expect(receipt(machine)).toMatchObject({ result: 'failed', step: 'fetch', code: 17, kernels: [] });
    expect(machine.has(module(KERNEL))).toBe(false);
    cpSync(join(machineWith(shell).folder, 'toa-files'), join(folder, 'toa-files'), { recursive: true });
    expect(await type(machine, `cd ${folder}; sh install-toa.sh all`)).toMatchObject({ code: 0 });
  });

  it('is another one when it arrives: exit 17, with both, and nothing is kept', async () => {
    const other = elf('changed on the way\n');
    const { machine, folder } = machineWith(shell, { [PLACE]: other });
    expect(await type(machine, `cd ${folder}; sh install-toa.sh all`)).toMatchObject({ code: 17 });
    expect(receipt(machine)).toMatchObject({
      ...{ step: 'fetch', code: 17, kernels: [] },
      reason: `${folder}/${PLACE} is not the file that is pinned: its sha256 is ${hashOf(other)}`,
    });
    expect(readdirSync(join(machine.root, '/var/lib/toa/fetch'))).toEqual([]);
  });

  it('is damaged later, when nothing of what was copied is left: exit 17', async () => {
    const { machine, folder } = machineWith(shell);
    expect(await type(machine, `cd ${folder}; sh install-toa.sh all`)).toMatchObject({ code: 0 });
    machine.write({ [FETCHED]: 'damaged' });
    const run = await machine.setup('fetch');
    expect(run).toMatchObject({ code: 17 });
    expect(receipt(machine).reason).toBe(
      `${PLACE} came with install-toa.sh, and the copy that was kept of it is gone or damaged`,
    );
    expect(await type(machine, `cd ${folder}; sh install-toa.sh fetch`)).toMatchObject({ code: 0 });
    expect(machine.read(FETCHED)).toBe(BYTES.toString());
  });
});

describe('files of both kinds', () => {
  it('are taken and fetched', async () => {
    const { machine, folder } = machineWith('dash');
    writeFileSync(join(folder, 'install-toa.sh'), scriptOf(LOCAL, SERVED));
    const env = Object.entries(web.env).map(([key, value]) => `export ${key}='${value}'`);
    const run = await type(machine, `${env.join('; ')}; cd ${folder}; sh install-toa.sh fetch`);
    expect(run.code, run.stderr).toBe(0);
    expect(readdirSync(join(machine.root, '/var/lib/toa/fetch')).length).toBe(2);
  });
});
