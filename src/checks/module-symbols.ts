import { eachElf } from './elf.ts';
import { given } from './look.ts';
import type { Check } from './types.ts';
import { fails, file, holds, skipped } from './verdict.ts';

/** More names than this help nobody. */
const SHOWN = 5;

export const moduleSymbols: Check = {
  code: 'module/symbols',
  severity: 'error',
  judge: (facts, expected) =>
    eachElf(facts, expected, (elf, { path }, { release }) =>
      given(
        elf.symbols,
        (wrong) => {
          if (wrong.length === 0) return holds(`${path}: kernel ${release} has all its symbols`, [file(path)]);
          const names = wrong.slice(0, SHOWN).map(({ symbol, problem }) => `${symbol} ${problem}`);
          const more = wrong.length > SHOWN ? ` and ${wrong.length - SHOWN} more` : '';
          return fails(`${path}: ${names.join(', ')}${more}`, { evidence: [file(path)] });
        },
        skipped('there is no Module.symvers to compare with'),
      ),
    ),
};
