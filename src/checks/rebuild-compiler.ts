import { installCompiler } from './install-command.ts';
import { given } from './look.ts';
import type { Check } from './types.ts';
import { needsNoBuild } from './upkeep.ts';
import { fails, file, holds, skipped } from './verdict.ts';

export const rebuildCompiler: Check = {
  code: 'rebuild/compiler',
  severity: 'warning',
  judge: (facts, expected) =>
    given(
      needsNoBuild(facts, expected),
      (reason) => {
        if (reason) return skipped(reason);
        return [
          ...given(
            facts.build.compiler,
            (path) => holds(path, [file(path)]),
            () => fails('there is no C compiler', { hint: installCompiler(facts) }),
          ),
          ...given(
            facts.build.make,
            (path) => holds(path, [file(path)]),
            () => fails('there is no make', { hint: installCompiler(facts) }),
          ),
        ];
      },
      skipped('no kernel boots'),
    ),
};
