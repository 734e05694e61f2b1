import { Unreadable } from '../../image/look.ts';
import type { Look, Reader } from '../../image/types.ts';
import { firstOf, isFile, look, namesIn, seen } from '../see.ts';
import type { BootFacts, NextKernel } from '../types.ts';
import { extlinuxConfig } from './extlinux.ts';
import { bootKernel, releaseInName } from './files.ts';
import { grubLegacyConfig } from './grub-legacy.ts';
import { grub2Configs } from './grub2.ts';
import { EFI_PARTITIONS, systemdBootConfig, unifiedConfig } from './systemd-boot.ts';
import type { BootConfig } from './types.ts';

/** Boot code that a BIOS starts. */
const BIOS_FILES: readonly string[] = [
  '/boot/grub/i386-pc/core.img',
  '/boot/grub2/i386-pc/core.img',
  '/boot/grub/stage2',
  '/boot/extlinux/ldlinux.sys',
  '/boot/syslinux/ldlinux.sys',
  '/extlinux/ldlinux.sys',
  '/boot/ldlinux.sys',
  '/ldlinux.sys',
];

/** How the machine boots; absent where it has no boot loader: then whoever starts it chooses the kernel. */
export function bootFacts(reader: Reader): Promise<Look<BootFacts>> {
  return look(async () => {
    const firmware = await firmwareOf(reader);
    const configs = await configsOf(reader, firmware.includes('bios') || firmware.length === 0 ? 'pc' : 'efi');
    const [first] = configs;
    if (first === undefined) return undefined;
    const chosen = await look(async () =>
      configs.map((config) => seen(config.chosen)).filter((one) => one !== undefined),
    );
    return {
      loader: first.loader,
      firmware,
      next: await look(async () => agreedRelease(reader, seen(chosen) ?? [])),
      entries: first.entries.map(({ title, id, kernel }) => ({
        title,
        id,
        release: kernel === null ? null : (releaseInName(kernel) ?? null),
      })),
      commandLine: await look(async () => agreedCommandLine(seen(chosen) ?? [])),
    };
  });
}

/** The next boot's command line, for facts that hang on it: throws Unreadable where it is unknown. */
export function commandLineOf(boot: Look<BootFacts>): string | undefined {
  const found = seen(boot)?.commandLine;
  return found && seen(found);
}

async function firmwareOf(reader: Reader): Promise<BootFacts['firmware']> {
  const bios = await firstOf(BIOS_FILES, (path) => isFile(reader, path));
  const efi = await firstOf(EFI_PARTITIONS, async (root) => (await namesIn(reader, `${root}/EFI`)).length > 0);
  return [...(bios === undefined ? [] : ['bios' as const]), ...(efi === undefined ? [] : ['uefi' as const])];
}

async function configsOf(reader: Reader, platform: 'pc' | 'efi'): Promise<readonly BootConfig[]> {
  const grub2 = await grub2Configs(reader, platform);
  const systemdBoot = await systemdBootConfig(reader);
  const others = [
    // It leaves its file behind when GRUB 2 takes over.
    grub2.length > 0 ? undefined : await grubLegacyConfig(reader),
    await extlinuxConfig(reader),
    systemdBoot,
    systemdBoot || grub2.length > 0 ? undefined : await unifiedConfig(reader),
  ];
  return [...grub2, ...others].filter((config) => config !== undefined);
}

type Chosen = Extract<BootConfig['chosen'], { state: 'known' }>['value'];

/** Where there are several boot loaders, nobody can tell from the files which one the firmware starts: they must agree. */
async function agreedRelease(reader: Reader, chosen: readonly Chosen[]): Promise<NextKernel | undefined> {
  const found: NextKernel[] = [];
  for (const { entry, why } of chosen) {
    if (entry.kernel === null) throw new Unreadable(`${why}, which starts no kernel of this machine`);
    found.push({ ...(await bootKernel(reader, entry.kernel)), why });
  }
  const [first] = found;
  const other = found.find(({ release }) => release !== first?.release);
  if (first && other) throw new Unreadable(`two boot loaders differ: ${first.why}; ${other.why}`);
  return found.find(({ missing }) => missing !== undefined) ?? first;
}

function agreedCommandLine(chosen: readonly Chosen[]): string | undefined {
  const [first] = chosen;
  const other = chosen.find(({ entry }) => entry.commandLine !== first?.entry.commandLine);
  if (first && other) throw new Unreadable(`two boot loaders give other command lines: ${first.why}; ${other.why}`);
  return first?.entry.commandLine;
}
