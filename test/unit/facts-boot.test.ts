import { expect, test } from 'vitest';
import { bootFacts } from '../../src/facts/boot/index.ts';
import { comparePackages, compareVersions } from '../../src/facts/boot/version-order.ts';
import { type Piece, spoilt, treeReader } from '../support/tree.ts';

/** The start of an x86 kernel, with its release where the boot protocol has it. */
function bzImage(release: string): Buffer {
  const image = Buffer.alloc(70_000);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(0x3000, 0x20e);
  image.write(`${release} (builder@host) #1 SMP\0`, 0x3200, 'latin1');
  return image;
}

/** An EFI program with named sections. */
function efiProgram(sections: Readonly<Record<string, string>>): Buffer {
  const names = Object.keys(sections);
  const image = Buffer.alloc(66_000 + names.length * 512);
  image.write('MZ', 0, 'latin1');
  image.writeUInt32LE(0x80, 0x3c);
  image.write('PE\0\0', 0x80, 'latin1');
  image.writeUInt16LE(names.length, 0x86);
  image.writeUInt16LE(240, 0x94);
  for (const [index, name] of names.entries()) {
    const header = 0x80 + 24 + 240 + index * 40;
    const content = Buffer.from(sections[name] ?? '');
    const at = 66_000 + index * 512;
    image.write(name, header, 'latin1');
    image.writeUInt32LE(content.length, header + 8);
    image.writeUInt32LE(512, header + 16);
    image.writeUInt32LE(at, header + 20);
    content.copy(image, at);
  }
  return image;
}

const OLD = '6.1.0-10-amd64';
const NEW = '6.1.0-56-amd64';

const KERNELS: Readonly<Record<string, Piece>> = {
  [`boot/vmlinuz-${OLD}`]: bzImage(OLD),
  [`boot/vmlinuz-${NEW}`]: bzImage(NEW),
};

/** What Debian's and Ubuntu's grub-mkconfig write, in short. */
const DEBIAN_GRUB = `
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="DEFAULT"
fi
if [ x"\${feature_menuentry_id}" = xy ]; then
  menuentry_id_option="--id"
else
  menuentry_id_option=""
fi
export menuentry_id_option
function savedefault {
  if [ -z "\${boot_once}" ]; then
    saved_entry="\${chosen}"
    save_env saved_entry
  fi
}
set timeout_style=menu
if keystatus --shift ; then set timeout=-1 ; else set timeout=0 ; fi
menuentry 'Debian GNU/Linux' --class debian --class gnu-linux $menuentry_id_option 'gnulinux-simple-1' {
	load_video
	if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	search --no-floppy --fs-uuid --set=root 1234
	echo	'Loading Linux ...'
	linux	/boot/vmlinuz-${NEW} root=UUID=1234 ro quiet
	initrd	/boot/initrd.img-${NEW}
}
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-1' {
	menuentry 'Debian GNU/Linux, with Linux ${NEW}' --class debian $menuentry_id_option 'gnulinux-${NEW}-advanced-1' {
		linux	/boot/vmlinuz-${NEW} root=UUID=1234 ro quiet
	}
	menuentry 'Debian GNU/Linux, with Linux ${OLD}' --class debian $menuentry_id_option 'gnulinux-${OLD}-advanced-1' {
		linux	/boot/vmlinuz-${OLD} root=UUID=1234 ro old # comment
	}
}
menuentry 'Memory test' { linux16 /boot/memtest.bin console=ttyS0 }
if [ -f  \${config_directory}/custom.cfg ]; then
  source \${config_directory}/custom.cfg
fi
`;

function grubenv(values: string): string {
  return `# GRUB Environment Block\n${values}\n`.padEnd(1024, '#');
}

function debian(setting: string, more: Readonly<Record<string, Piece>> = {}): Readonly<Record<string, Piece>> {
  return { ...KERNELS, 'boot/grub/grub.cfg': DEBIAN_GRUB.replace('DEFAULT', setting), ...more };
}

/** What grub2-mkconfig writes where entries are files. */
const BLS_GRUB = `
if [ -f \${config_directory}/grubenv ]; then
  load_env -f \${config_directory}/grubenv
elif [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
else
   set default="\${saved_entry}"
fi
if [ -z "\${kernelopts}" ]; then
  set kernelopts="root=/dev/vda1 ro fallback "
fi
insmod blscfg
blscfg
`;

const ID = '8fb2a1c04b7e4c7e9d0a4b4c6f1e2d3c';
const EL = ['5.14.0-70.el9.x86_64', '5.14.0-70.13.1.el9.x86_64', '5.14.0-503.el9.x86_64'] as const;

function bls(environment: string): Readonly<Record<string, Piece>> {
  const files: Record<string, Piece> = { 'boot/grub2/grub.cfg': BLS_GRUB, 'boot/grub2/grubenv': grubenv(environment) };
  for (const release of EL) {
    files[`boot/vmlinuz-${release}`] = bzImage(release);
    files[`boot/loader/entries/${ID}-${release}.conf`] =
      `title Linux (${release}) 9\nversion ${release}\nlinux /vmlinuz-${release}\ninitrd /i.img\noptions $kernelopts $tuned\n`;
  }
  files[`boot/vmlinuz-0-rescue-${ID}`] = bzImage(EL[0]);
  files[`boot/loader/entries/${ID}-0-rescue.conf`] = `title Rescue\nlinux /vmlinuz-0-rescue-${ID}\n`;
  return files;
}

const LEGACY = `# grub.conf
default=1
timeout=5
splashimage=(hd0,0)/grub/splash.xpm.gz
title CentOS (${NEW})
	root (hd0,0)
	kernel /vmlinuz-${NEW} ro root=LABEL=/
	initrd /initramfs.img
title CentOS (${OLD})
	root (hd0,0)
	kernel --no-mem-option /vmlinuz-${OLD} ro root=LABEL=/ crashkernel=auto
`;

const EXTLINUX = `DEFAULT linux
PROMPT 0
TIMEOUT 1
LABEL old
  LINUX /boot/vmlinuz-${OLD}
LABEL linux
  MENU LABEL Debian
  LINUX ../vmlinuz-${NEW}
  INITRD /initrd.img
  APPEND root=/dev/vda1 ro
`;

const UKI = {
  '.osrel': 'ID=fedora\nVERSION_ID=41\nPRETTY_NAME="Fedora 41"\n',
  '.uname': NEW,
  '.cmdline': 'root=UUID=1 quiet\0',
};

interface Case {
  readonly files: Readonly<Record<string, Piece>>;
  readonly loader: string;
  /** Undefined: it must be unknown. */
  readonly next: string | undefined;
  readonly missing?: string;
  readonly commandLine?: string;
}

const SYSTEMD_BOOT: Readonly<Record<string, Piece>> = {
  'boot/efi/EFI/systemd/systemd-bootx64.efi': efiProgram({ '.sdmagic': 'x' }),
  'boot/efi/EFI/BOOT/BOOTX64.EFI': efiProgram({ '.sdmagic': 'x' }),
  'boot/efi/debian/1/linux': bzImage(OLD),
  'boot/efi/debian/2/linux': bzImage(NEW),
  'boot/efi/loader/entries/debian-6.1.0-10-amd64.conf':
    'title Debian\nversion 6.1.0-10-amd64\nmachine-id 1\nsort-key debian\nlinux /debian/1/linux\noptions old\n',
  'boot/efi/loader/entries/debian-6.1.0-56-amd64.conf':
    'title Debian\nversion 6.1.0-56-amd64\nmachine-id 1\nsort-key debian\nlinux /debian/2/linux\noptions new words\n',
};

const CASES: Readonly<Record<string, Case>> = {
  'grub2: the first': { files: debian('0'), loader: 'grub2', next: NEW, commandLine: 'root=UUID=1234 ro quiet' },
  'grub2: a number into a submenu': {
    files: debian('1>1'),
    loader: 'grub2',
    next: OLD,
    commandLine: 'root=UUID=1234 ro old',
  },
  'grub2: titles': {
    files: debian(`Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux ${OLD}`),
    loader: 'grub2',
    next: OLD,
  },
  'grub2: ids': { files: debian(`gnulinux-advanced-1>gnulinux-${OLD}-advanced-1`), loader: 'grub2', next: OLD },
  'grub2: what is nowhere means the first': { files: debian('no such entry'), loader: 'grub2', next: NEW },
  'grub2: what is nowhere in a submenu means its first': { files: debian('1>none'), loader: 'grub2', next: NEW },
  'grub2: a submenu waits for somebody': { files: debian('1'), loader: 'grub2', next: undefined },
  'grub2: grub-reboot': {
    files: debian('0', { 'boot/grub/grubenv': grubenv('next_entry=1>1') }),
    loader: 'grub2',
    next: OLD,
  },
  'grub2: saved, and nothing is saved': { files: debian('$saved_entry'), loader: 'grub2', next: NEW },
  'grub2: saved': {
    files: debian('$saved_entry', {
      'boot/grub/grubenv': grubenv(`saved_entry=gnulinux-advanced-1>gnulinux-${OLD}-advanced-1`),
    }),
    loader: 'grub2',
    next: OLD,
  },
  'grub2: a title of el7': {
    files: debian('$saved_entry', { 'boot/grub/grubenv': grubenv('saved_entry=Debian GNU/Linux') }),
    loader: 'grub2',
    next: NEW,
  },
  'grub2: custom.cfg decides': {
    files: debian('0', { 'boot/grub/custom.cfg': 'set default="1>1"\n' }),
    loader: 'grub2',
    next: OLD,
  },
  'grub2: no kernel of ours': { files: debian('2'), loader: 'grub2', next: undefined },
  'grub2: its kernel is gone, and its name says which it was': {
    files: { 'boot/grub/grub.cfg': DEBIAN_GRUB, 'boot/x': '' },
    loader: 'grub2',
    next: NEW,
    missing: `/boot/vmlinuz-${NEW}`,
    commandLine: 'root=UUID=1234 ro quiet',
  },
  'grub2: its kernel is gone, and nobody knows which it was': {
    files: { 'boot/grub/grub.cfg': DEBIAN_GRUB.replaceAll(`vmlinuz-${NEW}`, 'vmlinuz'), 'boot/x': '' },
    loader: 'grub2',
    next: undefined,
  },
  'grub2: not a script': {
    files: { ...KERNELS, 'boot/grub/grub.cfg': `menuentry 'a {\n` },
    loader: 'grub2',
    next: undefined,
  },
  'grub2: a stub on the EFI partition': {
    files: debian('0', {
      'boot/efi/EFI/debian/grub.cfg':
        'search.fs_uuid 1234 root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n',
      'boot/efi/EFI/debian/shimx64.efi': '',
    }),
    loader: 'grub2',
    next: NEW,
  },
  'grub2: BIOS and UEFI differ': {
    files: debian('0', { 'boot/efi/EFI/centos/grub.cfg': DEBIAN_GRUB.replace('DEFAULT', '1>1') }),
    loader: 'grub2',
    next: undefined,
  },
  'bls: the newest': { files: bls(''), loader: 'grub2-bls', next: EL[2], commandLine: 'root=/dev/vda1 ro fallback' },
  'bls: saved by id': {
    files: bls(`saved_entry=${ID}-${EL[0]}\nkernelopts=root=LABEL=x selinux=0\ntuned=nohz`),
    loader: 'grub2-bls',
    next: EL[0],
    commandLine: 'root=LABEL=x selinux=0 nohz',
  },
  'bls: saved by number': { files: bls('saved_entry=1'), loader: 'grub2-bls', next: EL[1] },
  'bls: next_entry': { files: bls(`saved_entry=0\nnext_entry=${ID}-${EL[1]}`), loader: 'grub2-bls', next: EL[1] },
  'grub legacy': {
    files: { ...KERNELS, 'boot/grub/grub.conf': LEGACY, 'boot/grub/menu.lst': { link: './grub.conf' } },
    loader: 'grub-legacy',
    next: OLD,
    commandLine: 'ro root=LABEL=/ crashkernel=auto',
  },
  'grub legacy: saved': {
    files: {
      ...KERNELS,
      'boot/grub/menu.lst': LEGACY.replace('default=1', 'default saved'),
      'boot/grub/default': '0\n#\n#\n',
    },
    loader: 'grub-legacy',
    next: NEW,
  },
  'grub legacy: default is too large': {
    files: { ...KERNELS, 'boot/grub/grub.conf': LEGACY.replace('default=1', 'default=7') },
    loader: 'grub-legacy',
    next: undefined,
  },
  extlinux: {
    files: { ...KERNELS, 'boot/extlinux/extlinux.conf': EXTLINUX },
    loader: 'extlinux',
    next: NEW,
    commandLine: 'root=/dev/vda1 ro',
  },
  'extlinux: a link to the kernel, an include': {
    files: {
      ...KERNELS,
      vmlinuz: { link: `boot/vmlinuz-${OLD}` },
      'extlinux.conf': 'include more.conf\n',
      'more.conf': 'default l0\nlabel l0\nkernel /vmlinuz\n',
    },
    loader: 'extlinux',
    next: OLD,
  },
  'extlinux: a menu': {
    files: {
      ...KERNELS,
      'boot/extlinux/extlinux.conf': EXTLINUX.replace('DEFAULT linux', 'default vesamenu.c32').replace(
        'MENU LABEL',
        'menu default\n MENU LABEL',
      ),
    },
    loader: 'extlinux',
    next: NEW,
  },
  'extlinux: includes itself': {
    files: { ...KERNELS, 'extlinux.conf': 'include extlinux.conf\ninclude extlinux.conf\n' },
    loader: 'extlinux',
    next: undefined,
  },
  'arm64: by the name of the file': {
    files: {
      'boot/Image-6.6.1-arm64': Buffer.alloc(70_000).fill('ARMd', 56, 60),
      'boot/Image': { link: 'Image-6.6.1-arm64' },
      'boot/extlinux/extlinux.conf': 'default a\nlabel a\nlinux /boot/Image\n',
    },
    loader: 'extlinux',
    next: '6.6.1-arm64',
  },
  'systemd-boot: newest first': { files: SYSTEMD_BOOT, loader: 'systemd-boot', next: NEW, commandLine: 'new words' },
  'systemd-boot: a pattern': {
    files: { ...SYSTEMD_BOOT, 'boot/efi/loader/loader.conf': 'timeout 3\ndefault debian-*-10-*\n' },
    loader: 'systemd-boot',
    next: OLD,
  },
  'systemd-boot: saved in the firmware': {
    files: { ...SYSTEMD_BOOT, 'boot/efi/loader/loader.conf': 'default @saved\n' },
    loader: 'systemd-boot',
    next: undefined,
  },
  'uki by systemd-boot': {
    files: {
      'efi/EFI/systemd/systemd-bootx64.efi': efiProgram({ '.sdmagic': 'x' }),
      'efi/EFI/Linux/fedora.efi': efiProgram(UKI),
    },
    loader: 'systemd-boot',
    next: NEW,
    commandLine: 'root=UUID=1 quiet',
  },
  'uki alone': { files: { 'boot/efi/EFI/BOOT/BOOTX64.EFI': efiProgram(UKI) }, loader: 'uki', next: NEW },
  'uki: two, and only the firmware knows': {
    files: { 'efi/EFI/Linux/a.efi': efiProgram(UKI), 'efi/EFI/Linux/b.efi': efiProgram({ ...UKI, '.uname': OLD }) },
    loader: 'uki',
    next: undefined,
  },
};

test.each(Object.entries(CASES))('%s', async (_, { files, loader, next, missing, commandLine }) => {
  const found = await bootFacts(treeReader(files));
  if (found.state !== 'known') throw new Error(JSON.stringify(found));
  expect(found.value.loader).toBe(loader);
  expect(found.value.next).toMatchObject(
    next === undefined ? { state: 'unknown' } : { state: 'known', value: { release: next } },
  );
  if (found.value.next.state === 'known') expect(found.value.next.value.missing).toBe(missing);
  if (commandLine !== undefined) expect(found.value.commandLine).toEqual({ state: 'known', value: commandLine });
});

test('without a boot loader there is nothing to say', async () => {
  expect(await bootFacts(treeReader(KERNELS))).toEqual({ state: 'absent' });
});

test('the image counts, not its name', async () => {
  const files = debian('0', { [`boot/vmlinuz-${NEW}`]: bzImage(OLD) });
  expect(await bootFacts(treeReader(files))).toMatchObject({ value: { next: { value: { release: OLD } } } });
});

test('scripts that do not end are left', async () => {
  const scripts = [
    'function f { f; f; }\nf\nmenuentry a { linux /x }\n',
    'menuentry a { linux /x }\nset a=xxxxxxxxxxxxxxxx\nfor i in 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9; do set a="$a$a"; done\n',
    `${'if true; then '.repeat(5000)}\nmenuentry a { linux /x }\n`,
    `source /boot/grub/grub.cfg\nmenuentry a { linux /x }\n`,
  ];
  for (const script of scripts) {
    const found = await bootFacts(treeReader({ ...KERNELS, 'boot/grub/grub.cfg': script }));
    expect(found).toMatchObject({ value: { next: { state: 'unknown' } } });
  }
});

test('500 spoilt configurations are known or unknown, and soon', async () => {
  const sources = [DEBIAN_GRUB, BLS_GRUB, LEGACY, EXTLINUX].map((text) => spoilt(Buffer.from(text)));
  const places = ['boot/grub/grub.cfg', 'boot/grub2/grub.cfg', 'boot/grub/grub.conf', 'boot/extlinux/extlinux.conf'];
  for (let round = 0; round < 130; round++) {
    for (const [index, source] of sources.entries()) {
      const content: Buffer = source.next().value;
      const before = performance.now();
      const found = await bootFacts(treeReader({ [places[index] ?? '']: content }));
      expect(['known', 'absent', 'unknown']).toContain(found.state);
      expect(performance.now() - before).toBeLessThan(5000);
    }
  }
});

test('versions compare as rpm has them', () => {
  const ordered = ['1.0~rc1', '1.0', '1.0^git', '1.0.a', '1.0.1', '1.2', '1.10', '2'];
  for (const [index, version] of ordered.slice(1).entries()) {
    expect([version, compareVersions(ordered[index] ?? '', version)]).toEqual([version, -1]);
  }
  expect(compareVersions('1.001', '1.1')).toBe(0);
  expect(comparePackages(`${ID}-${EL[0]}`, `${ID}-${EL[1]}`)).toBe(-1);
  expect(comparePackages(`${ID}-0-rescue`, `${ID}-${EL[0]}`)).toBe(-1);
});
