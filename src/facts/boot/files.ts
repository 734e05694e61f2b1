import { Unreadable } from '../../image/look.ts';
import type { Reader } from '../../image/types.ts';
import { imageRelease } from '../image-release.ts';
import { firstOf, isFile, linkOf, seen } from '../see.ts';
import type { NextKernel } from '../types.ts';

/** Boot loaders see a partition's root where the machine has mounted it at one of these. */
export const BOOT_ROOTS: readonly string[] = ['', '/boot', '/boot/efi', '/efi'];

/** Where a path that a boot loader has written leads to on the machine. */
export function bootFile(reader: Reader, written: string): Promise<string | undefined> {
  const path = `/${written.replace(/^\([^)]*\)/, '').replaceAll('\\', '/')}`.replace(/\/{2,}/g, '/');
  return firstOf(
    BOOT_ROOTS.map((root) => root + path),
    (candidate) => isFile(reader, candidate),
  );
}

/** A kernel that a boot loader would start. */
export async function bootKernel(reader: Reader, written: string): Promise<Omit<NextKernel, 'why'>> {
  const path = await bootFile(reader, written);
  if (path === undefined) {
    const release = releaseInName(written);
    if (release === undefined) throw new Unreadable(`the boot loader starts ${written}, which is not there`);
    return { release, missing: written };
  }
  const release = seen(await imageRelease(reader, path)) ?? releaseInName((await linkOf(reader, path)) ?? path);
  if (release === undefined) throw new Unreadable(`neither ${path} nor its name says which kernel it is`);
  return { release };
}

/** `vmlinuz-6.1.0`, or `6.1.0/linux` as systemd's kernel-install has it. */
export function releaseInName(path: string): string | undefined {
  const [name = '', directory = ''] = path.split('/').reverse();
  return (
    /^(?:vmlinuz|vmlinux|Image|kernel)-(\d.*)$/.exec(name)?.[1] ??
    (/^\d+\.\d+/.test(directory) ? directory : /^(\d+\.\d+\S*)\.efi$/.exec(name.replace(/^[0-9a-f]{32}-/, ''))?.[1])
  );
}
