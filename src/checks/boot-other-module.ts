import type { Facts, KernelFacts, Loader } from '../facts/types.ts';
import { builtinReaders, nextInstalled } from './kernels.ts';
import { evidenceOf, isSurelyEffective, readerLoaders } from './loaders.ts';
import { all, given, ifKnown, orElse } from './look.ts';
import type { Check, Expectation, Verdict } from './types.ts';
import { fails, holds, skipped, unknown } from './verdict.ts';

export const bootOtherModule: Check = {
  code: 'boot/other-module',
  severity: 'error',
  judge: (facts, expected) =>
    given(all(readerLoaders(facts, expected), orElse(nextInstalled(facts), null)), ([loaders, kernel]) => {
      if (!kernel) return skipped('the kernel that boots next is not installed');
      return given(all(orElse(kernel.readers, []), builtinReaders(kernel, expected)), ([files, builtin]) => {
        const there = [...files.flatMap((reader) => [reader.name, reader.path]), ...builtin];
        if (there.length === 0) return skipped('the kernel that boots next has no reader');
        if (loaders.length === 0) return skipped('nothing loads a reader at boot');
        return loaders.flatMap((loader) =>
          judgeLoader(loader, kernel, there, () => isOnlyOne(loader, facts, expected)),
        );
      });
    }),
};

function judgeLoader(
  loader: Loader,
  { release }: KernelFacts,
  there: readonly string[],
  isOnly: () => boolean,
): Verdict {
  const evidence = [evidenceOf(loader)];
  const wanted = [...loader.loads, ...loader.needs].map((entry) =>
    entry.replace(/\$\(uname -r\)|`uname -r`/g, release),
  );
  const riddle = wanted.find((entry) => /[$\x60*?]/.test(entry));
  if (riddle) return unknown(`${loader.path} names ${riddle}, which only its shell can tell`, evidence);
  const wrong = wanted.find((entry) => !there.includes(entry));
  if (!wrong) return holds(`${loader.path} loads ${loader.loads.join(', ')}`, evidence);
  return fails(`${loader.path} names ${wrong}, which is no reader of kernel ${release}`, {
    severity: isOnly() ? 'error' : 'warning',
    evidence,
  });
}

/** Whether nothing else is sure to load a reader. */
function isOnlyOne(loader: Loader, facts: Facts, expected: Expectation): boolean {
  const others = ifKnown(readerLoaders(facts, expected))?.filter((other) => other !== loader) ?? [];
  return !others.some(isSurelyEffective);
}
