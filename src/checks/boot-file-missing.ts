import { builtinReaders, nextInstalled } from './kernels.ts';
import { evidenceOf, readerLoaders } from './loaders.ts';
import { derive, given, known, orElse } from './look.ts';
import type { Check } from './types.ts';
import { fails, holds } from './verdict.ts';

export const bootFileMissing: Check = {
  code: 'boot/file-missing',
  severity: 'error',
  judge: (facts, expected) => {
    return given(readerLoaders(facts, expected), (loaders) => {
      if (loaders.length > 0) {
        const paths = loaders.map(({ path, kind }) => `${path} (${kind})`);
        return holds([...new Set(paths)].join(', '), loaders.map(evidenceOf));
      }
      const builtin = derive(orElse(nextInstalled(facts), null), (kernel) =>
        kernel ? builtinReaders(kernel, expected) : known([]),
      );
      return given(builtin, ([name]) =>
        name
          ? holds(`${name} is part of the kernel itself`)
          : fails(`nothing loads ${expected.programs ? 'the programs' : expected.readers.join(' or ')} at boot`),
      );
    });
  },
};
