import type { BootLoader, Facts, KernelFacts } from '../facts/types.ts';
import { nextInstalled } from './kernels.ts';
import { given, orElse } from './look.ts';
import type { Check, Verdict } from './types.ts';
import { fails, file, holds, skipped } from './verdict.ts';

export const kernelImage: Check = {
  code: 'kernel/image',
  severity: 'error',
  judge: (facts) => given(nextInstalled(facts), (kernel) => judgeImage(facts, kernel), skipped('it is not installed')),
};

/** These boot loaders start kernels from the EFI partition, under names of their own. */
const ON_ESP: readonly BootLoader[] = ['systemd-boot', 'uki'];

function judgeImage({ boot }: Facts, kernel: KernelFacts): readonly Verdict[] {
  // Without a boot loader the machine is started with a kernel from outside.
  const missing = given(
    boot,
    ({ loader }) =>
      ON_ESP.includes(loader)
        ? skipped('its boot image is on the EFI partition')
        : fails(`kernel ${kernel.release} has modules and no boot image`),
    skipped('the kernel comes from outside: there is no boot loader'),
  );
  return given(orElse(kernel.image, null), (image) => {
    if (!image) return missing;
    const evidence = [file(image.path)];
    return given(
      image.release,
      (release) =>
        release === kernel.release
          ? holds(`${image.path} is ${release}`, evidence)
          : fails(`${image.path} is kernel ${release}, not ${kernel.release}`, { evidence }),
      holds(`${image.path} is there`, evidence),
    );
  });
}
