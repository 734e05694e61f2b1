import { eachReader } from './kernels.ts';
import { given } from './look.ts';
import type { Check } from './types.ts';
import { fails, file, holds } from './verdict.ts';

export const moduleCorrupt: Check = {
  code: 'module/corrupt',
  severity: 'error',
  judge: (facts, expected) =>
    eachReader(facts, expected, (reader) => {
      const evidence = [file(reader.path)];
      if (reader.damage !== null) return fails(`${reader.path} is damaged: ${reader.damage}`, { evidence });
      return given(
        reader.elf,
        () => holds(`${reader.path} is whole`, evidence),
        fails(`${reader.path} is a link to ${reader.target ?? 'a file'}, which is not there`, { evidence }),
      );
    }),
};
