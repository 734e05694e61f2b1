import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { kernels } from '../../src/facts/kernels.ts';
import { moduleElf } from '../../src/facts/modinfo.ts';
import { binaryEntries } from '../../src/facts/module-index.ts';
import type { KernelFacts, ModuleElf, ModuleFile } from '../../src/facts/types.ts';
import { openDirectory } from '../../src/image/directory.ts';
import { Unreadable } from '../../src/image/look.ts';
import { makeTree, spoilt } from '../support/tree.ts';

const RELEASE = '6.1.0-56-cloud-amd64';
const DIRECTORY = `lib/modules/${RELEASE}`;
const CRCS: Readonly<Record<string, number>> = { module_layout: 0x11111111, register_ftrace_function: 0x22222222 };

/** A module as the kernel's build would make it, by the machine's own compiler. */
function source(imports: readonly string[]): string {
  const versions = Object.entries(CRCS).map(([symbol, crc]) => `{ ${crc}u, "${symbol}" }`);
  return `
    struct version { unsigned long crc; char name[56]; };
    __attribute__((section("__versions"))) struct version versions[] = { ${versions.join(',')} };
    __attribute__((section(".modinfo"))) const char info[] = "license=GPL\\0version=0.1.0\\0name=toa\\0"
      "parm=kinds:option kinds=1\\0parmtype=kinds:string\\0parmtype=trusted:string\\0vermagic=${RELEASE} SMP mod_unload ";
    ${imports.map((name) => `extern int ${name}(void); int use_${name}(void) { return ${name}(); }`).join('\n')}`;
}

function compile(text: string): Buffer {
  const root = makeTree({ 'm.c': text });
  execFileSync('gcc', ['-c', '-o', join(root, 'm.o'), join(root, 'm.c')]);
  return readFileSync(join(root, 'm.o'));
}

let ours: Buffer;
let theirs: Buffer;

beforeAll(() => {
  ours = compile(source(['register_ftrace_function']));
  theirs = compile(source(['inet_stream_ops', 'tcp_v4_syn_recv_sock']));
});

/** A kernel's directory with modules in it, indexed by depmod. */
function machine(modules: Readonly<Record<string, Buffer | string>>, configuration = ''): string {
  const symvers = Object.entries(CRCS).map(
    ([name, crc]) => `0x${crc.toString(16)}\t${name}\tvmlinux\tEXPORT_SYMBOL_GPL\t`,
  );
  const root = makeTree({
    [`${DIRECTORY}/kernel/net`]: null,
    [`${DIRECTORY}/modules.builtin`]: 'kernel/net/ipv4/tcp_cubic.ko\n',
    [`${DIRECTORY}/modules.order`]: '',
    [`${DIRECTORY}/modules.builtin.modinfo`]: '',
    [`${DIRECTORY}/build`]: { link: `/usr/src/linux-headers-${RELEASE}` },
    [`usr/src/linux-headers-${RELEASE}/Makefile`]: 'include /usr/src/common/Makefile\n',
    [`usr/src/linux-headers-${RELEASE}/.config`]:
      'CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_FORCE=y\n# CONFIG_X is not set\n',
    [`usr/src/linux-headers-${RELEASE}/Module.symvers`]: `${symvers.join('\n')}\n`,
    'usr/src/common/Makefile': 'all:\n',
    'etc/depmod.d/test.conf': configuration,
  });
  for (const [path, content] of Object.entries(modules)) {
    const full = join(root, DIRECTORY, path);
    mkdirSync(dirname(full), { recursive: true });
    if (typeof content === 'string') symlinkSync(content, full);
    else writeFileSync(full, content);
  }
  return root;
}

function depmod(root: string): void {
  execFileSync('depmod', ['-b', root, '-C', join(root, 'etc/depmod.d'), RELEASE]);
}

async function kernelIn(root: string): Promise<KernelFacts> {
  const found = await kernels(openDirectory(root));
  if (found.state !== 'known' || found.value[0] === undefined) throw new Error(JSON.stringify(found));
  return found.value[0];
}

async function readersIn(root: string): Promise<readonly ModuleFile[]> {
  const { readers } = await kernelIn(root);
  if (readers.state !== 'known') throw new Error(readers.state);
  return readers.value;
}

async function elfIn(root: string): Promise<ModuleElf> {
  const [file] = await readersIn(root);
  if (file?.elf.state !== 'known') throw new Error(JSON.stringify(file));
  return file.elf.value;
}

test('a module is what the tools say', async () => {
  const root = machine({ 'updates/toa/toa.ko': ours });
  depmod(root);
  const path = join(root, DIRECTORY, 'updates/toa/toa.ko');
  const kernel = await kernelIn(root);
  const [file] = await readersIn(root);
  expect(file).toMatchObject({
    path: `/${DIRECTORY}/updates/toa/toa.ko`,
    place: 'updates',
    damage: null,
    target: null,
  });
  expect(file?.sha256).toBe(execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64));
  const modinfo = (field: string): string =>
    execFileSync('modinfo', ['-F', field, path], { encoding: 'utf8' }).trimEnd();
  expect(await elfIn(root)).toEqual({
    machine: 'x86_64',
    name: modinfo('name'),
    version: modinfo('version'),
    vermagic: `${RELEASE} SMP mod_unload `,
    parameters: ['kinds', 'trusted'],
    license: 'GPL',
    signed: false,
    signer: null,
    keepsDataInSocket: null,
    symbols: { state: 'known', value: [] },
  });
  expect(kernel).toMatchObject({
    release: RELEASE,
    modules: true,
    image: { state: 'absent' },
    headers: { value: `/${DIRECTORY}/build` },
    config: { value: { CONFIG_MODULE_SIG: 'y', CONFIG_MODULE_SIG_FORCE: 'y' } },
    index: { text: { value: [file?.path] }, binary: { value: [file?.path] } },
    builtin: { value: [] },
  });
});

test('headers whose other half is missing are none', async () => {
  const root = machine({});
  rmSync(join(root, 'usr/src/common'), { recursive: true });
  expect((await kernelIn(root)).headers).toEqual({ state: 'absent' });
});

const PACKERS: readonly (readonly [end: string, compression: string, ...argv: string[]])[] = [
  ['gz', 'gzip', 'gzip', '-c'],
  ['xz', 'xz', 'xz', '-c', '--check=crc32', '--lzma2=dict=1MiB'],
  ['xz', 'xz', 'xz', '-c'],
  ['zst', 'zstd', 'zstd', '-cq', '-19'],
];

test.each(PACKERS)('compressed: .ko.%s', async (end, compression, program, ...argv) => {
  const packed = execFileSync(program ?? '', argv, { input: ours });
  const [file] = await readersIn(machine({ [`extra/toa.ko.${end}`]: packed }));
  expect(file).toMatchObject({
    compression,
    place: 'extra',
    damage: null,
    elf: { state: 'known', value: { name: 'toa' } },
  });
  for (const bad of [
    packed.subarray(0, packed.length >> 1),
    Buffer.alloc(0),
    Buffer.from('something else that is long enough'),
  ]) {
    const [broken] = await readersIn(machine({ [`extra/toa.ko.${end}`]: bad }));
    expect(broken?.elf.state).toBe('unknown');
    expect(broken?.damage).toMatch(/corrupt|truncated|not/);
  }
});

test('a flipped bit in compressed data is damage, also where only a checksum shows it', async () => {
  for (const [end, , program = '', ...argv] of PACKERS) {
    const packed = execFileSync(program, argv, { input: ours });
    for (let at = packed.length >> 1; at < packed.length - 4; at += 97) {
      const bad = Buffer.from(packed);
      bad.writeUInt8(bad.readUInt8(at) ^ 4, at);
      const [file] = await readersIn(machine({ [`extra/toa.ko.${end}`]: bad }));
      expect([end, at, file?.elf.state]).toEqual([end, at, 'unknown']);
    }
  }
});

test.each(PACKERS)('a bomb of .ko.%s is left in time', async (end, _, program, ...argv) => {
  const root = machine({ [`extra/toa.ko.${end}`]: Buffer.alloc(0) });
  const zeros = join(root, 'zeros');
  writeFileSync(zeros, '');
  truncateSync(zeros, 40 * 1024 * 1024);
  const fast = argv.map((word) => (word === '-19' ? '-3' : word));
  writeFileSync(
    join(root, DIRECTORY, `extra/toa.ko.${end}`),
    execFileSync(program ?? '', [...fast, zeros], { maxBuffer: 1 << 28 }),
  );
  const before = performance.now();
  const [file] = await readersIn(root);
  expect(file).toMatchObject({ damage: null, elf: { state: 'unknown' } });
  expect(performance.now() - before).toBeLessThan(20_000);
});

const ORDERS: readonly string[] = [
  '',
  'search updates extra built-in weak-updates\n',
  'search built-in extra updates\n',
  'search weak-updates\nsearch extra\n',
  `override toa * weak-updates\n`,
  `override toa ${RELEASE} kernel/net\n`,
  'override toa 5.10.0 kernel/net\n',
  `search updates\noverride toa 6.1.* extra\n`,
];

test.each(ORDERS)('the first is the one that depmod takes: %j', async (configuration) => {
  const places = ['kernel/net/toa.ko', 'extra/toa.ko', 'updates/dkms/toa.ko', 'weak-updates/toa/toa.ko', 'toa.ko'];
  for (const without of ['', 'updates/dkms/toa.ko', 'extra/toa.ko']) {
    const left = places.filter((place) => place !== without);
    const root = machine(Object.fromEntries(left.map((place) => [place, ours])), configuration);
    depmod(root);
    const files = await readersIn(root);
    expect(files).toHaveLength(left.length);
    const taken = execFileSync('modprobe', ['-d', root, '-S', RELEASE, '-D', 'toa'], { encoding: 'utf8' });
    expect(`insmod ${root}${files[0]?.path}`).toBe(taken.trim());
    expect((await kernelIn(root)).index.binary).toEqual({ state: 'known', value: [files[0]?.path] });
  }
});

test('modules elsewhere are found by the index, links are told', async () => {
  const root = machine({
    'kernel/drivers/deep/vtoa.ko': ours,
    'weak-updates/toa/toa.ko': '/nowhere/toa.ko',
    'extra/toa.ko': '../kernel/drivers/deep/vtoa.ko',
  });
  depmod(root);
  const files = await readersIn(root);
  expect(files.map(({ path, target, elf }) => [path.slice(DIRECTORY.length + 2), target, elf.state])).toEqual([
    ['extra/toa.ko', '../kernel/drivers/deep/vtoa.ko', 'known'],
    ['kernel/drivers/deep/vtoa.ko', null, 'known'],
    ['weak-updates/toa/toa.ko', '/nowhere/toa.ko', 'absent'],
  ]);
  expect(files[2]?.sha256).toBe('');
});

test('a stale index is seen, a missing one is absent', async () => {
  const root = machine({ 'extra/toa.ko': ours });
  depmod(root);
  const later = join(root, DIRECTORY, 'updates/toa.ko');
  mkdirSync(dirname(later));
  writeFileSync(later, ours);
  expect((await readersIn(root)).map(({ place }) => place)).toEqual(['updates', 'extra']);
  expect((await kernelIn(root)).index.text).toEqual({ state: 'known', value: [`/${DIRECTORY}/extra/toa.ko`] });
  rmSync(join(root, DIRECTORY, 'modules.dep'));
  rmSync(join(root, DIRECTORY, 'modules.dep.bin'));
  expect((await kernelIn(root)).index).toEqual({ text: { state: 'absent' }, binary: { state: 'absent' } });
});

test('a reader that patches tables of the kernel, and symbols that the kernel lacks', async () => {
  const elf = await elfIn(machine({ 'extra/toa.ko': theirs }));
  expect(elf.keepsDataInSocket).toContain('inet_stream_ops');
  expect(elf.symbols).toEqual({
    state: 'known',
    value: ['inet_stream_ops', 'tcp_v4_syn_recv_sock'].map((symbol) => ({ symbol, problem: 'missing' })),
  });
  const looksUp = compile(`${source([])}\nchar *f(void) { return "ipv4_specific"; }`);
  expect((await elfIn(machine({ 'extra/toa.ko': looksUp }))).keepsDataInSocket).toContain('ipv4_specific');
});

test('symbol versions of another kernel', async () => {
  const root = machine({ 'extra/toa.ko': ours });
  const symvers = join(root, `usr/src/linux-headers-${RELEASE}/Module.symvers`);
  writeFileSync(symvers, readFileSync(symvers, 'utf8').replace('0x11111111', '0x33333333'));
  expect((await elfIn(root)).symbols).toEqual({
    state: 'known',
    value: [{ symbol: 'module_layout', problem: 'differs' }],
  });
  rmSync(symvers);
  expect((await elfIn(root)).symbols).toEqual({ state: 'absent' });
  const packed = execFileSync('gzip', ['-c'], { input: '0x44444444\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\n' });
  mkdirSync(join(root, 'boot'));
  writeFileSync(join(root, `boot/symvers-${RELEASE}.gz`), packed);
  expect((await elfIn(root)).symbols).toMatchObject({ value: [{ problem: 'missing' }, { problem: 'differs' }] });
});

test('a signature is seen, and whose', async () => {
  const root = machine({ 'extra/toa.ko': ours });
  const key = join(root, 'key.pem');
  const certificate = join(root, 'cert.pem');
  const module = join(root, DIRECTORY, 'extra/toa.ko');
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/O=X/CN=Somebody signing',
      '-keyout',
      key,
      '-out',
      certificate,
    ],
    { stdio: 'ignore' },
  );
  const signature = execFileSync(
    'openssl',
    [
      'cms',
      '-sign',
      '-binary',
      '-nocerts',
      '-noattr',
      '-outform',
      'DER',
      '-in',
      module,
      '-signer',
      certificate,
      '-inkey',
      key,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const trailer = Buffer.alloc(12);
  trailer.writeUInt8(2, 2);
  trailer.writeUInt32BE(signature.length, 8);
  appendFileSync(module, Buffer.concat([signature, trailer, Buffer.from('~Module signature appended~\n')]));
  expect(await elfIn(root)).toMatchObject({ signed: true, signer: 'Somebody signing', name: 'toa' });
  expect(execFileSync('modinfo', ['-F', 'signer', module], { encoding: 'utf8' }).trim()).toBe('Somebody signing');
});

test('a module for another word size is told apart from a broken one', async () => {
  const other = Buffer.from(ours);
  other.writeUInt8(1, 4);
  expect(await elfIn(machine({ 'extra/toa.ko': other }))).toMatchObject({ machine: 'other' });
  const arm = Buffer.from(ours);
  arm.writeUInt16LE(183, 18);
  expect(await elfIn(machine({ 'extra/toa.ko': arm }))).toMatchObject({ machine: 'arm64' });
  const [cut] = await readersIn(machine({ 'extra/toa.ko': ours.subarray(0, ours.length - 1) }));
  expect(cut?.damage).toContain('truncated');
});

const nothing = async (): Promise<ModuleElf['symbols']> => ({ state: 'absent' });

test('600 spoilt modules: never a crash', async () => {
  const bad = spoilt(ours);
  let refused = 0;
  for (let round = 0; round < 600; round++) {
    try {
      await moduleElf(bad.next().value, nothing);
    } catch (error) {
      expect(error).toBeInstanceOf(Unreadable);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(200);
});

test('600 spoilt indices: an entry, none, or a reason', () => {
  const root = machine({
    'extra/toa.ko': ours,
    'extra/vtoa.ko': theirs,
    'kernel/net/toast.ko': ours,
    'kernel/net/to.ko': ours,
  });
  depmod(root);
  const index = readFileSync(join(root, DIRECTORY, 'modules.dep.bin'));
  expect(binaryEntries(index, 'toa')).toEqual(['extra/toa.ko']);
  expect(binaryEntries(index, 'vtoa')).toEqual(['extra/vtoa.ko']);
  expect(binaryEntries(index, 't')).toEqual([]);
  expect(binaryEntries(index, 'toasts')).toEqual([]);
  const bad = spoilt(index);
  for (let round = 0; round < 600; round++) {
    try {
      expect(binaryEntries(bad.next().value, 'toa').length).toBeLessThan(17);
    } catch (error) {
      expect(error).toBeInstanceOf(Unreadable);
    }
  }
});
