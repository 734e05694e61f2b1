import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Unreadable } from '../look.ts';

/** Where QEMU's packages say which firmware is installed, as docs/interop/firmware.json of QEMU describes it. */
const DESCRIPTORS = ['/etc/qemu/firmware', '/usr/local/share/qemu/firmware', '/usr/share/qemu/firmware'];

interface Descriptor {
  readonly 'interface-types': readonly string[];
  readonly mapping: {
    readonly device: string;
    readonly executable?: { readonly filename: string; readonly format: string };
    readonly 'nvram-template'?: { readonly filename: string; readonly format: string };
  };
  readonly targets: readonly { readonly architecture: string }[];
  readonly features: readonly string[];
}

/** QEMU's arguments for UEFI firmware with no variables set, which boots what every machine would; `folder` is for its variables. */
export function uefiArguments(architecture: 'x86_64' | 'aarch64', folder: string): readonly string[] {
  for (const { mapping, ...descriptor } of descriptors()) {
    const { executable, 'nvram-template': template } = mapping;
    const fits =
      descriptor['interface-types'].includes('uefi') &&
      mapping.device === 'flash' &&
      descriptor.targets.some((target) => target.architecture === architecture) &&
      !descriptor.features.some((feature) => feature === 'secure-boot' || feature === 'requires-smm');
    if (!fits || !executable || !template || !existsSync(executable.filename)) continue;
    const variables = join(folder, 'firmware-variables');
    copyFileSync(template.filename, variables);
    return [
      ...['-drive', `if=pflash,unit=0,readonly=on,format=${executable.format},file=${executable.filename}`],
      ...['-drive', `if=pflash,unit=1,format=${template.format},file=${variables}`],
    ];
  }
  throw new Unreadable(`no UEFI firmware for ${architecture} is installed for QEMU (packages ovmf, qemu-efi-aarch64)`);
}

/** By their names, which order them; a name in an earlier folder hides the same name in a later one. */
function descriptors(): readonly Descriptor[] {
  const paths = new Map<string, string>();
  for (const folder of DESCRIPTORS.filter((path) => existsSync(path))) {
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.json') && !paths.has(name)) paths.set(name, join(folder, name));
    }
  }
  return [...paths].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => JSON.parse(readFileSync(path, 'utf8')));
}
