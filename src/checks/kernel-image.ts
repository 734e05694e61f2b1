import type { Facts, KernelFacts } from '../facts/types.ts';
import { nextInstalled, nextKernel } from './kernels.ts';
import { all, given, orElse } from './look.ts';
import type { Check, Verdict } from './types.ts';
import { fails, file, holds, skipped } from './verdict.ts';

export const kernelImage: Check = {
  code: 'kernel/image',
  severity: 'error',
  judge: (facts) =>
    given(
      all(nextInstalled(facts), nextKernel(facts)),
      ([kernel, { missing }]) =>
        missing === undefined
          ? judgeImage(facts, kernel)
          : fails(`the boot loader starts ${missing}, which is not there`, { evidence: [file(missing)] }),
      skipped('it is not installed'),
    ),
};

function judgeImage({ boot }: Facts, kernel: KernelFacts): readonly Verdict[] {
  return given(orElse(kernel.image, null), (image) => {
    if (!image) return given(boot, ({ loader }) => holds(`${loader} has it`), skipped('there is no boot loader'));
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
