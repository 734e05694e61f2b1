/** A small machine on which everything is right, made by the real toa-setup and the system's own tools. */

import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { packaged } from '../../src/packaged.ts';
import { resolve } from '../../src/plan/resolve.ts';
import { render } from '../../src/render/index.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { inRepo } from '../support/cli.ts';
import { FakeMachine } from '../support/fakeroot.ts';
import { tool } from './tree.ts';

/** The kernel that boots next, and an older one. */
export const RELEASE = '6.1.0-56-amd64';
export const OLD = '6.1.0-50-amd64';

export const SPEC = 'version: 1\ntrust: [198.18.7.0/24]\ntargets: [debian-12]\n';

/** Source of a module; what it says of itself is given to the compiler. */
export const MODULE = inRepo('test/image/reader.c');

/** Makes a good machine's files in a folder of its own, which is gone after the test file; its path. */
export async function makeGoodRoot(): Promise<string> {
  const machine = new FakeMachine('dash', { kernels: [OLD, RELEASE], running: RELEASE });
  afterAll(() => machine.remove());
  const { root } = machine;
  machine.write(TEXTS);
  for (const release of [OLD, RELEASE]) {
    machine.write(kernelTexts(release));
    rmSync(join(root, `lib/modules/${release}/kernel/net/other.ko`));
    writeFileSync(join(root, `boot/vmlinuz-${release}`), bootImage(release));
  }
  for (const path of PROGRAMS) putProgram(join(root, path));
  addDkms(root);
  tool('grub-editenv', join(root, 'boot/grub/grubenv'), 'create');
  useRealTools(join(dirname(root), 'fake/bin'));
  const { code, stderr } = await machine.install(installScript());
  if (code !== 0) throw new Error(`toa-setup: exit code ${code}\n${stderr}`);
  for (const live of ['proc', 'sys', 'run']) rmSync(join(root, live), { recursive: true });
  return root;
}

function installScript(): string {
  const [plan] = resolve(parseSpec(SPEC).spec).plans;
  if (plan === undefined) throw new Error('the spec has no plan');
  return render(plan, packaged, ['script']).payload.script;
}

/** For what a fake machine only plays. Its modprobe, its probe and its running kernel stay fakes. */
function useRealTools(bin: string): void {
  for (const path of ['/usr/sbin/depmod', '/usr/sbin/modinfo', '/usr/bin/systemctl', '/usr/bin/strip']) {
    const name = join(bin, path.replace(/^.*\//, ''));
    rmSync(name, { force: true });
    symlinkSync(path, name);
  }
  rmSync(join(bin, 'make'));
  writeFileSync(join(bin, 'make'), MAKE, { mode: 0o755 });
}

/** Called as `make -C /lib/modules/RELEASE/build M=DIRECTORY modules`. */
const MAKE = `#!/bin/sh
release=\${2%/build}
PATH=/usr/bin:/bin exec gcc -c -DRELEASE="\\"\${release##*/}\\"" -o "\${3#M=}/toa.ko" '${MODULE}'
`;

/** What is only asked whether it is there, and for which machine it is made. */
const PROGRAMS = [
  'bin/sh',
  'usr/lib/systemd/systemd',
  'usr/bin/gcc',
  'usr/bin/make',
  'usr/bin/cloud-init',
  'usr/sbin/dkms',
  'etc/kernel/postinst.d/dkms',
];

function putProgram(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync('/bin/true', path);
  chmodSync(path, 0o755);
}

function addDkms(root: string): void {
  const [source, version] = ['usr/src/toa-0.1.0', 'var/lib/dkms/toa/0.1.0'].map((path) => join(root, path));
  if (source === undefined || version === undefined) return;
  mkdirSync(source, { recursive: true });
  copyFileSync(inRepo('guest/module/dkms.conf'), join(source, 'dkms.conf'));
  mkdirSync(version, { recursive: true });
  symlinkSync('/usr/src/toa-0.1.0', join(version, 'source'));
}

/** The start of an x86 kernel, with its release where the boot protocol has it. */
function bootImage(release: string): Buffer {
  const image = Buffer.alloc(70_000);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(0x3000, 0x20e);
  image.write(`${release} (builder@host) #1 SMP\0`, 0x3200, 'latin1');
  return image;
}

function kernelTexts(release: string): Readonly<Record<string, string>> {
  const modules = `/lib/modules/${release}`;
  return {
    [`${modules}/modules.builtin`]: 'kernel/net/ipv4/tcp_cubic.ko\n',
    [`${modules}/modules.order`]: '',
    [`${modules}/modules.builtin.modinfo`]: '',
    [`${modules}/build/.config`]: 'CONFIG_MODULE_SIG=y\n',
    [`${modules}/build/Module.symvers`]: SYMVERS,
    [`/boot/config-${release}`]: 'CONFIG_MODULE_SIG=y\n',
  };
}

const SYMVERS = [
  '0x11111111\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n',
  '0x22222222\tregister_ftrace_function\tvmlinux\tEXPORT_SYMBOL_GPL\t\n',
].join('');

/** As grub-mkconfig writes it with GRUB_DEFAULT=saved, without what only draws. */
const GRUB = `
if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
   set next_entry=
   save_env next_entry
else
   set default="\${saved_entry}"
fi
menuentry 'Debian GNU/Linux' --class debian --id 'gnulinux-simple-1' {
	linux	/boot/vmlinuz-${RELEASE} root=UUID=1234 ro quiet
}
submenu 'Advanced options for Debian GNU/Linux' --id 'gnulinux-advanced-1' {
	menuentry 'Debian GNU/Linux, with Linux ${RELEASE}' --id 'gnulinux-${RELEASE}-advanced-1' {
		linux	/boot/vmlinuz-${RELEASE} root=UUID=1234 ro quiet
	}
	menuentry 'Debian GNU/Linux, with Linux ${OLD}' --id 'gnulinux-${OLD}-advanced-1' {
		linux	/boot/vmlinuz-${OLD} root=UUID=1234 ro quiet
	}
}
`;

const TEXTS: Readonly<Record<string, string>> = {
  '/boot/grub/grub.cfg': GRUB,
  '/etc/machine-id': '',
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  '/root/.profile': '',
  '/etc/ssh/sshd_config': '',
  '/usr/lib/systemd/system/systemd-modules-load.service':
    '[Service]\nExecStart=/usr/lib/systemd/systemd-modules-load\n',
  '/usr/lib/systemd/system/rc-local.service': '[Service]\nExecStart=/etc/rc.local start\n',
  '/var/lib/dpkg/status': [
    `Package: linux-image-${RELEASE}\nStatus: install ok installed\nVersion: 6.1\n`,
    'Package: bash\nStatus: install ok installed\nVersion: 5.2\n',
  ].join('\n'),
};
