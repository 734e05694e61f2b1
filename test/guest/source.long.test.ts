/** Method source: a vendor's archive, unpacked, read and built, in fake roots. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type TarEntry, tarOf } from '../support/archive.ts';
import { inFolder } from '../support/cli.ts';
import { type FakeMachine, KERNEL, type MachineParts, SHELLS, type Shell } from '../support/fakeroot.ts';
import { fake, made, module, ran, receipt, script } from '../support/setup.ts';

const MAKEFILE = `obj-m := toa.o
all:
\tmake -C /lib/modules/$(shell uname -r)/build SUBDIRS=$(PWD) modules
`;
/** Only what the reader of sources looks at; it does nothing. */
const SOURCE = `#include <net/tcp.h>
/* syn_recv_sock(a) and getname(a, b) in a comment do not count, ipv4_specific neither */
static struct sock *new_syn_recv_sock(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
	struct dst_entry *dst, struct request_sock *unhash, bool *own) { return 0; }
static int new_inet_getname(struct socket *sock, struct sockaddr *addr, int peer) { return 0; }
static char *words = "kallsyms_lookup_name /* \\" inet_stream_ops";
`;
const folder = (name: string, files: Readonly<Record<string, string>> = {}): readonly TarEntry[] => [
  { name: `${name}/`, type: '5' },
  ...Object.entries({ Makefile: MAKEFILE, 'toa.c': SOURCE, ...files }).map(([file, content]) => ({
    name: `${name}/${file}`,
    content,
  })),
];

const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** A machine with compiler that has fetched the archive, and the plan that pins it. */
function prepare(shell: Shell, archive: Buffer, parts: MachineParts = {}, more = '', target = 'debian-12') {
  const machine = fake(shell, {
    ...{ tools: ['tar', 'gzip', 'bzip2', 'xz'], steer: { vendor: '' } },
    ...parts,
    files: { '/proc/sys/kernel/random/boot_id': 'boot-1\n', ...parts.files },
  });
  machine.write({ [`/var/lib/toa/fetch/${sum(archive)}`]: archive });
  const file = `{url: "https://example.com/toa.tar.gz", sha256: "${sum(archive)}", role: source${more}}`;
  return { machine, plan: script(target, `, method: source, trust: any, files: [${file}]`) };
}

const ALL = ['toa_kernel2.x', 'toa_kernel3.x', 'toa_kernel_common'];
const GOOD = gzipSync(tarOf(ALL.flatMap((name) => folder(name))));

/** Headers as they are installed for a kernel. */
function headers(release: string, files: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const build = `/lib/modules/${release}/build`;
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${build}/${path}`, text]));
}
const SIX =
  'struct sock *tcp_v4_syn_recv_sock(const struct sock *sk, struct sk_buff *skb,\n\tint a, int b, int c, bool *d);\n';
const FITTING = {
  'include/net/tcp.h': SIX,
  'include/linux/net.h': '\tint (*getname) (struct socket *sock,\n\t\tstruct sockaddr *addr, int peer);\n',
  'include/linux/proc_fs.h': 'struct proc_ops {\n};\n',
  'Module.symvers': '0x1\tinet_stream_ops\tvmlinux\tEXPORT_SYMBOL\n',
};

describe.concurrent.each(SHELLS)('method source under %s', (shell) => {
  it('all: unpacked, built by a user without rights, installed, loaded', async () => {
    const { machine, plan } = prepare(shell, GOOD);
    const run = await machine.install(plan);
    expect(run.code, run.stderr).toBe(0);
    const tree = `${machine.root}/var/lib/toa/work/unpacked`;
    expect(ran(run, 'make')).toEqual([
      `make -C ${machine.root}/lib/modules/${KERNEL}/build M=${tree}/toa_kernel_common modules`,
    ]);
    expect(ran(run, 'chroot').every((line) => line.startsWith('chroot --userspec=2000000001:2000000001 / '))).toBe(
      true,
    );
    expect(ran(run, 'chroot').map((line) => line.split(' ')[3])).toEqual(['tar', 'make', 'cat']);
    expect(ran(run, 'chown')).toContain(`chown -R 2000000001:2000000001 ${tree}`);
    expect(machine.read(module(KERNEL))).toBe(`${KERNEL} SMP \n`);
    expect(receipt(machine)).toMatchObject({ result: 'ok', method: 'source', kernels: [{ release: KERNEL }] });
    expect(machine.has('/var/lib/toa/work')).toBe(false);
    const again = await machine.install(plan);
    expect([again.code, again.stderr, made(again), ran(again, 'modprobe')]).toEqual([0, '', [], []]);
    expect(await machine.setup('uninstall')).toMatchObject({ code: 0 });
    expect([machine.has(module(KERNEL)), machine.has('/var/lib/toa')]).toEqual([false, false]);
  });

  it.each([
    ['2.6.32-754.el6.x86_64', 'centos-6', '6', 'toa_kernel2.x'],
    ['3.10.0-1160.el7.x86_64', 'centos-7', '7', 'toa_kernel3.x'],
    ['4.18.0-553.el8_10.x86_64', 'rocky-8', '8.10', 'toa_kernel_common'],
  ])('kernel %s: the folder %s %s %s', async (release, target, version, wanted) => {
    const files = { '/etc/os-release': `ID="${target.split('-')[0]}"\nVERSION_ID="${version}"\n` };
    const parts = {
      files,
      kernels: [release],
      running: release,
      steer: { vendor: '', rpm: 'perl\nelfutils-libelf-devel\n' },
    };
    const { machine, plan } = prepare(shell, GOOD, parts, '', target);
    const run = await machine.install(plan, ['build']);
    expect(run.code, run.stderr).toBe(0);
    expect(ran(run, 'make')[0]).toContain(`/${wanted} modules`);
  });

  it("another vendor's layout: folder, variables, name and product", async () => {
    const archive = tarOf([
      { name: 'x/', type: '5' },
      ...folder('x/src', { Kbuild: 'obj-$(CONFIG_TOA) += reader.o\n' }),
    ]);
    const layout =
      ', layout: {directory: x/src, make: [CONFIG_TOA=m, EXTRA_CFLAGS=-DA], module: reader, produces: out.ko}';
    const { machine, plan } = prepare(shell, archive, { steer: { vendor: '', product: 'out.ko' } }, layout);
    const run = await machine.install(plan);
    expect(run.code, run.stderr).toBe(0);
    expect(ran(run, 'make')[0]).toMatch(/\/x\/src CONFIG_TOA=m EXTRA_CFLAGS=-DA modules$/);
    const file = `/lib/modules/${KERNEL}/updates/toa/reader.ko`;
    expect([machine.has(file), machine.has('/sys/module/reader')]).toEqual([true, true]);
    expect(receipt(machine)).toMatchObject({ result: 'ok', kernels: [{ module: file }] });
  });

  it('a kernel that comes later is built for, from what was fetched', async () => {
    const { machine, plan } = prepare(shell, GOOD);
    await machine.install(plan);
    const later = '6.1.0-100-amd64';
    machine.write({ [`/lib/modules/${later}/kernel/x`]: '', [`/lib/modules/${later}/build/Makefile`]: '' });
    const run = await machine.setup('update');
    expect([run.code, made(run), machine.has(module(later))], run.stderr).toEqual([0, [later], true]);
  });

  it('preflight says whether what is here fits, and changes nothing', async () => {
    const { machine, plan } = prepare(shell, GOOD, { files: headers(KERNEL, FITTING) });
    const before = machine.tree();
    expect(await machine.install(plan, [])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('this machine fits'),
    });
    const include = { ...FITTING, 'include/net/tcp.h': SIX.replace('bool', 'int e, bool') };
    const other = prepare(shell, GOOD, { files: headers(KERNEL, include) });
    const run = await other.machine.install(other.plan, []);
    expect([run.code, run.stderr], run.stderr).toEqual([12, expect.stringContaining("the kernel's 7")]);
    expect([machine.tree(), machine.temporary(), other.machine.temporary()]).toEqual([before, [], []]);
  });

  it("a module named as one of the kernel's own is not put before it", async () => {
    const layout = ', layout: {directory: toa_kernel3.x, module: other, produces: toa.ko}';
    const { machine, plan } = prepare(shell, GOOD, {}, layout);
    expect(await machine.install(plan)).toMatchObject({ code: 13 });
    expect(receipt(machine)).toMatchObject({ reason: `kernel ${KERNEL} has a module other of its own` });
  });

  it('no folder for this kernel: exit 12, and the way out', async () => {
    const { machine, plan } = prepare(shell, tarOf(folder('toa_kernel3.x')));
    expect(await machine.install(plan)).toMatchObject({ code: 12 });
    expect(receipt(machine).reason).toContain(
      'no archive has the folder toa_kernel_common; a layout in the spec can name',
    );
  });

  it('an archive that is gone: exit 12, and what to do', async () => {
    const { machine, plan } = prepare(shell, GOOD);
    machine.write({ [`/var/lib/toa/fetch/${sum(GOOD)}`]: '' });
    expect(await machine.install(plan, ['build'])).toMatchObject({ code: 12 });
    expect(receipt(machine).reason).toContain('the archive is not here: toa-setup fetch');
  });

  it('a build that fails: exit 12, with its words; a product that is a link is none', async () => {
    const { machine, plan } = prepare(shell, GOOD);
    machine.steer({ [`make-fails-${KERNEL}`]: 'toa.c:9: error: too few arguments\n' });
    expect(await machine.install(plan)).toMatchObject({ code: 12 });
    expect(receipt(machine).reason).toContain('toa.c:9: error: too few arguments');
    const other = prepare(shell, GOOD, {}, ', layout: {directory: toa_kernel3.x, produces: none.ko}');
    expect(await other.machine.install(other.plan)).toMatchObject({ code: 12 });
    expect(receipt(other.machine).reason).toContain('error: the build made no none.ko');
  });

  describe('a source that cannot fit', () => {
    const misfits: readonly [string, Readonly<Record<string, string>>, Readonly<Record<string, string>>, string][] = [
      [
        'seventh argument',
        {},
        { 'include/net/tcp.h': SIX.replace('bool', 'int e, bool') },
        "its syn_recv_sock takes 6 arguments, the kernel's 7",
      ],
      [
        'getname with a length',
        { 'toa.c': SOURCE.replace('int peer', 'int *len, int peer') },
        {},
        "its getname takes 4 arguments, the kernel's 3",
      ],
      ['lost export', { 'toa.c': `${SOURCE}void *x = &ipv4_specific;\n` }, {}, 'the kernel exports no ipv4_specific'],
      [
        'lost kallsyms',
        { 'toa.c': `${SOURCE}void f(void) { kallsyms_lookup_name("a"); }\n` },
        {},
        'exports no kallsyms_lookup_name',
      ],
      [
        'proc_ops',
        { 'toa.c': `${SOURCE}struct file_operations o; void f(void) { proc_create("a", 0, 0, &o); }\n` },
        {},
        'the kernel wants proc_ops for files in /proc',
      ],
      ['SUBDIRS', { Makefile: `ifneq ($(SUBDIRS),)\n${MAKEFILE}endif\n` }, {}, 'its Makefile asks for SUBDIRS='],
      ['spaces', { Makefile: MAKEFILE.replace('\t', '        ') }, {}, 'its Makefile has spaces where make wants tabs'],
      [
        'hard-coded path',
        { Makefile: `${MAKEFILE}ccflags-y := -I/usr/src/kernels/2.6.32/include\n` },
        {},
        "has the path of one kernel's headers",
      ],
      ['no module', { Makefile: 'all:\n\tcc toa.c\n' }, {}, "names no module for the kernel's build system (obj-m)"],
    ];
    it.each(misfits)('%s: exit 12 before make, and the way out', async (_, files, include, reason) => {
      const archive = tarOf(folder('toa_kernel_common', files));
      const { machine, plan } = prepare(shell, archive, { files: headers(KERNEL, { ...FITTING, ...include }) });
      const run = await machine.install(plan);
      expect([run.code, ran(run, 'make')], run.stderr).toEqual([12, []]);
      expect(receipt(machine).reason).toContain('error: this source cannot (method: module can): ');
      expect(receipt(machine).reason).toContain(reason);
    });

    it('and all reasons are said; one that fits is built', async () => {
      const files = headers(KERNEL, FITTING);
      const bad = tarOf(folder('toa_kernel_common', { Makefile: '', 'toa.c': SOURCE.replace(', bool *own', '') }));
      const refused = prepare(shell, bad, { files });
      expect(await refused.machine.install(refused.plan)).toMatchObject({ code: 12 });
      expect(receipt(refused.machine).reason).toMatch(
        /takes 5 arguments, the kernel's 6; its Makefile names no module/,
      );
      const { machine, plan } = prepare(shell, GOOD, { files });
      const run = await machine.install(plan, ['build']);
      expect([run.code, made(run)], run.stderr).toEqual([0, [KERNEL]]);
    });

    it('headers that are parted, as Debian has them', async () => {
      const files = { [`/lib/modules/${KERNEL}/source/include/net/tcp.h`]: SIX.replace('bool', 'int e, bool') };
      const { machine, plan } = prepare(shell, GOOD, { files });
      expect(await machine.install(plan)).toMatchObject({
        code: 12,
        stderr: expect.stringContaining("the kernel's 7"),
      });
    });

    it('a Makefile with conditions, continued lines and indented settings is none of those', async () => {
      const odd = `ifneq ($(KERNELRELEASE),)\n  obj-m += toa.o\n  toa-objs := a.o\nelse\nKDIR ?= /lib/modules/$(shell uname -r)/build\nall: a \\\n     b\n\tmake -C $(KDIR) M=$(PWD)\n  X = 1\nendif\n`;
      const { machine, plan } = prepare(shell, tarOf(folder('toa_kernel_common', { Makefile: odd })));
      const run = await machine.install(plan, ['build']);
      expect(run.code, run.stderr).toBe(0);
    });
  });

  describe('an archive that attacks', () => {
    const inside = folder('toa_kernel_common');
    const attacks: readonly [string, () => Buffer, string][] = [
      [
        'a name upwards',
        () => tarOf([...inside, { name: 'a/../../../pwned', content: 'x' }]),
        'names that lead out of it',
      ],
      ['a name at the top', () => tarOf([...inside, { name: '/pwned', content: 'x' }]), 'names that lead out of it'],
      [
        'a symbolic link',
        () => tarOf([...inside, { name: 'l', type: '2', link: '/etc' }, { name: 'l/pwned', content: 'x' }]),
        'links or devices',
      ],
      [
        'a hard link',
        () => tarOf([...inside, { name: 'l', type: '1', link: 'toa_kernel_common/toa.c' }]),
        'links or devices',
      ],
      ['a device', () => tarOf([...inside, { name: 'd', type: '3' }]), 'links or devices'],
      ['an odd name', () => tarOf([...inside, { name: '$(reboot)', content: 'x' }]), 'odd names'],
      ['a newline in a name', () => tarOf([...inside, { name: 'a\n/pwned', content: 'x' }]), 'is refused'],
      [
        'a bomb',
        () => gzipSync(tarOf([...inside, { name: 'zero', content: Buffer.alloc(65 * 1048576) }])),
        'more than 64 MiB',
      ],
      [
        'too many files',
        () => tarOf(Array.from({ length: 5001 }, (_, i) => ({ name: `f${i}` }))),
        'more than 5000 files',
      ],
      ['an end that is missing', () => GOOD.subarray(0, GOOD.length - 100), 'neither tar nor zip, or cut off'],
      ['something else', () => Buffer.from('<html>'), 'neither tar nor zip, or cut off'],
    ];
    // It unpacks 65 MiB: under one shell that is enough.
    const tried = attacks.filter(([name]) => shell === 'dash' || name !== 'a bomb');
    it.each(tried)('%s: refused, nothing is built', async (_, archive, reason) => {
      const { machine, plan } = prepare(shell, archive());
      const before = machine.tree('/lib/modules');
      const run = await machine.install(plan);
      expect([run.code, ran(run, 'make')]).toEqual([12, []]);
      expect(receipt(machine).reason).toContain('error: the archive is refused: ');
      expect(receipt(machine).reason).toContain(reason);
      const out = Object.keys(machine.tree()).filter((path) => path.endsWith('pwned'));
      expect([out, machine.tree('/lib/modules')]).toEqual([[], before]);
    });
  });

  it.each(['bzip2', 'xz', 'zip'])('an archive by %s', async (program) => {
    const archive = await inFolder(
      { 'toa_kernel_common/Makefile': MAKEFILE, 'toa_kernel_common/toa.c': SOURCE },
      (cwd) => {
        if (program === 'zip') execFileSync('zip', ['-qr', 'a', 'toa_kernel_common'], { cwd });
        else execFileSync('tar', ['-cf', 'a.zip', `--${program}`, 'toa_kernel_common'], { cwd });
        return readFileSync(join(cwd, 'a.zip'));
      },
    );
    const tools = ['tar', 'gzip', 'bzip2', 'xz', 'python3'];
    const { machine, plan } = prepare(shell, archive, { tools });
    const run = await machine.install(plan, ['build']);
    expect([run.code, made(run)], run.stderr).toEqual([0, [KERNEL]]);
  });
});

/** A kernel whose headers this machine has. */
const REAL = existsSync('/lib/modules')
  ? readdirSync('/lib/modules').find((release) => existsSync(`/lib/modules/${release}/build/Module.symvers`))
  : undefined;

/** With everything real: headers, compiler and the rights of who builds. */
describe.runIf(process.getuid?.() === 0 && REAL !== undefined)('on real headers', () => {
  const release = REAL ?? '';
  const run = async (source: string): Promise<FakeMachine> => {
    const archive = tarOf(folder('toa_kernel_common', { 'toa.c': source }));
    const tools = ['tar', 'gzip', 'make', 'chroot', 'chown', 'modinfo'];
    const { machine, plan } = prepare('dash', archive, {
      tools,
      commands: [],
      kernels: [release],
      headers: [],
      running: release,
    });
    const home = dirname(machine.root);
    chmodSync(home, 0o755);
    for (const link of ['build', 'source'])
      symlinkSync(`/lib/modules/${release}/${link}`, `${machine.root}/lib/modules/${release}/${link}`);
    await machine.install(plan, ['build'], { PATH: `${home}/fake/bin:${home}/fake/tools:/usr/bin:/bin` });
    return machine;
  };

  it('a module is built', async () => {
    const machine = await run(
      '#include <linux/module.h>\nMODULE_LICENSE("GPL");\nMODULE_DESCRIPTION("reads nothing");\n',
    );
    expect(receipt(machine), machine.read('/var/lib/toa/build.log')).toMatchObject({ result: 'ok', step: 'build' });
    const [built = ''] = readdirSync(`${machine.root}/var/lib/toa/built/${release}`);
    const vermagic = execFileSync('/usr/sbin/modinfo', [
      '-F',
      'vermagic',
      join(machine.root, 'var/lib/toa/built', release, built),
    ]);
    expect(vermagic.toString()).toMatch(new RegExp(`^${release.replace(/[.+]/g, '\\$&')} `));
  });

  it('one that patched kernels refuse is refused before', async () => {
    const machine = await run(SOURCE.replace('struct request_sock *unhash, bool *own', 'int a, int b, int c, int d'));
    expect(receipt(machine).reason).toMatch(/its syn_recv_sock takes 8 arguments, the kernel's [67]/);
  });
});

/** With the real make, tar and chroot, which takes root. */
describe.runIf(process.getuid?.() === 0)('a build that would write elsewhere', () => {
  const build = `/lib/modules/${KERNEL}/build`;
  const real = (kernel: string): { readonly machine: FakeMachine; readonly plan: string } => {
    const tools = ['tar', 'gzip', 'make', 'chroot', 'chown', 'sh', 'id'];
    const prepared = prepare('dash', GOOD, { tools, commands: ['gcc', 'strip', 'python3'] });
    prepared.machine.write({ [`${build}/Makefile`]: kernel });
    chmodSync(dirname(prepared.machine.root), 0o755);
    return prepared;
  };

  it('may write in its folder, and does not run as root', async () => {
    const { machine, plan } = real(`modules:\n\techo "${KERNEL} $$(id -u)" >$(M)/toa.ko\n`);
    const run = await machine.install(plan, ['build']);
    expect(run.code, run.stderr).toBe(0);
    expect(Object.values(machine.tree('/var/lib/toa/built')).join()).toContain(`${KERNEL} 2000000001`);
  });

  it("cannot touch the kernel's tree, nor anything else", async () => {
    const { machine, plan } = real(`modules:\n\techo "${KERNEL}" >$(M)/toa.ko\n\techo ruined >Makefile\n`);
    const before = machine.tree(build);
    const run = await machine.install(plan, ['build']);
    expect([run.code, machine.tree(build)]).toEqual([12, before]);
    expect(machine.read('/var/lib/toa/build.log')).toMatch(/Permission denied/);
  });
});
