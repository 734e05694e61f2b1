import type { Look, Reader } from '../image/types.ts';
import { commandLineOf } from './boot/index.ts';
import { EFI_PARTITIONS } from './boot/systemd-boot.ts';
import { look, namesIn } from './see.ts';
import type { BootFacts, Evidence, SecureBootFacts } from './types.ts';

/** Words of a command line that make the kernel refuse what is not signed. */
const ENFORCING = /^(?:lockdown=(?:integrity|confidentiality)|module\.sig_enforce(?:=(?:1|y|Y))?)$/;

/** What decides whether an unsigned module loads, as far as files say; the firmware's own switch is in none. */
export function secureBootFacts(reader: Reader, boot: Look<BootFacts>): Promise<Look<SecureBootFacts>> {
  return look(async () => {
    const commandLine = commandLineOf(boot) ?? '';
    const words = commandLine.split(/\s+/).filter((word) => ENFORCING.test(word));
    return {
      prepared: await hasShim(reader),
      enforcedBy: words.map((text): Evidence => ({ path: 'command line of the next boot', line: 0, text })),
    };
  });
}

async function hasShim(reader: Reader): Promise<boolean> {
  for (const root of EFI_PARTITIONS) {
    for (const vendor of await namesIn(reader, `${root}/EFI`)) {
      const names = await namesIn(reader, `${root}/EFI/${vendor}`);
      if (names.some((name) => /^shim.*\.efi$/i.test(name))) return true;
    }
  }
  return false;
}
