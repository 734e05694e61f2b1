/** Machines whose firmware starts nothing unsigned: OVMF with Microsoft's keys, Debian's shim, GRUB and MokManager, and no kernel from outside. */

import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { cached } from './cache.ts';
import type { Disk } from './disk.ts';

/** What the disk of such a machine has installed, for its loaders and for keys of its own. */
export const SECURE_BOOT_PACKAGES: readonly string[] = ['shim-signed', 'grub-efi-amd64-signed', 'mokutil', 'openssl'];

/** Firmware that enforces Secure Boot, as the package ovmf has it. */
const OVMF = '/usr/share/OVMF';
const CODE = join(OVMF, 'OVMF_CODE_4M.secboot.fd');
/** Microsoft's keys, by which shim is signed, and Secure Boot on. */
const VARIABLES = join(OVMF, 'OVMF_VARS_4M.ms.fd');

/** Where they are on the disk, and on the EFI partition: the name by which firmware, and then shim, looks for each. */
const LOADERS: Readonly<Record<string, string>> = {
  '::/EFI/BOOT/BOOTX64.EFI': '/usr/lib/shim/shimx64.efi.signed',
  '::/EFI/BOOT/grubx64.efi': '/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed',
  '::/EFI/BOOT/mmx64.efi': '/usr/lib/shim/mmx64.efi.signed',
};
/** Debian's GRUB looks for its configuration there. */
const FOLDERS: readonly string[] = ['::/EFI', '::/EFI/BOOT', '::/EFI/debian'];
const ESP_KIB = 32 * 1024;

/** The firmware of one machine. */
export interface SecureBoot {
  /** Its variables: they outlive every boot. */
  readonly variables: string;
  /** A file system with the loaders, to which kernel and command line are added at each start. */
  readonly loaders: string;
  /** What it starts from; made at each start. */
  readonly esp: string;
  /** Unix socket of QEMU's monitor, which presses keys. A serial console that is also read loses letters where the reader is slow. */
  readonly monitor: string;
}

/** A new machine's firmware, in its directory. */
export async function makeSecureBoot(disk: Disk, directory: string): Promise<SecureBoot> {
  const variables = join(directory, 'variables.fd');
  await copyFile(VARIABLES, variables);
  await chmod(variables, 0o600);
  return {
    variables,
    loaders: await loadersOf(disk),
    esp: join(directory, 'esp.img'),
    monitor: join(directory, 'monitor'),
  };
}

async function loadersOf(disk: Disk): Promise<string> {
  const directory = await cached(
    'secure-boot-loaders',
    { disk: disk.path, LOADERS, FOLDERS, ESP_KIB },
    async (part) => {
      const esp = join(part, 'esp.img');
      await execa('mkfs.vfat', ['-C', '-n', 'ESP', esp, String(ESP_KIB)]);
      await execa('mmd', ['-i', esp, ...FOLDERS]);
      for (const [to, from] of Object.entries(LOADERS)) {
        const file = join(part, 'loader.efi');
        await execa('debugfs', ['-R', `dump ${from} ${file}`, disk.path]);
        await execa('mcopy', ['-o', '-i', esp, file, to]);
      }
    },
  );
  return join(directory, 'esp.img');
}

/** The kernel is read by GRUB, which has shim look at its signature. */
export async function fillEsp({ loaders, esp }: SecureBoot, kernel: string, commandLine: string): Promise<void> {
  await copyFile(loaders, esp);
  const configuration = `${esp}.cfg`;
  await writeFile(configuration, `linux /vmlinuz ${commandLine}\nboot\n`);
  await execa('mcopy', ['-i', esp, kernel, '::/vmlinuz']);
  await execa('mcopy', ['-i', esp, configuration, '::/EFI/debian/grub.cfg']);
}

/** QEMU's arguments for it. Without SMM the variables would not be safe from the system, and this firmware does not start. */
export function secureBootArguments({ variables, esp, monitor }: SecureBoot): readonly string[] {
  return [
    ...['-M', 'q35,smm=on', '-global', 'driver=cfi.pflash01,property=secure,value=on'],
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${CODE}`],
    ...['-drive', `if=pflash,unit=1,format=raw,file=${variables}`],
    ...['-drive', `if=none,id=esp,format=raw,readonly=on,file=${esp}`],
    ...['-device', 'virtio-blk-pci,drive=esp,bootindex=0'],
    ...['-chardev', `socket,id=monitor,path=${monitor},server=on,wait=off`, '-mon', 'chardev=monitor,mode=readline'],
  ];
}

/** Keys by the monitor's names; a password has small letters only. */
const DOWN_AND_ENTER = ['down', 'ret'];
/** What MokManager shows, and what a person types then, to enrol the key that mokutil was given. */
const steps = (password: string): readonly (readonly [shows: string, keys: readonly string[]])[] => [
  ['Press any key to perform MOK management', ['ret']],
  ['Enroll MOK', DOWN_AND_ENTER],
  ['View key 0', DOWN_AND_ENTER],
  ['Enroll the key(s)?', DOWN_AND_ENTER],
  ['Password', [...password, 'ret']],
  ['Reboot', ['ret']],
];

const STEP_LIMIT_MS = 300_000;
const LOOK_MS = 500;
/** Between two keys: the firmware asks for them now and then. */
const KEY_MS = 500;

/** Plays the person at the console, whose log is `log`. Call it before the machine reboots; it ends when MokManager was told to reboot. */
export async function enrolAtConsole({ monitor }: SecureBoot, log: string, password: string): Promise<void> {
  const socket = createConnection(monitor).resume();
  let seen = (await readFile(log)).length;
  try {
    for (const [shows, keys] of steps(password)) {
      seen = await waitFor(log, shows, seen);
      for (const key of keys) {
        socket.write(`sendkey ${key}\n`);
        await setTimeout(KEY_MS);
      }
    }
  } finally {
    socket.destroy();
  }
}

/** Waits for words after the byte `from` of the log; returns the byte behind them. */
async function waitFor(log: string, words: string, from: number): Promise<number> {
  for (const until = Date.now() + STEP_LIMIT_MS; Date.now() < until; await setTimeout(LOOK_MS)) {
    const at = (await readFile(log)).indexOf(words, from);
    if (at >= 0) return at + words.length;
  }
  throw new Error(`MokManager did not show ${words}`);
}
