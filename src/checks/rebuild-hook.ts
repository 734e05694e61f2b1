import { all, given, orElse } from './look.ts';
import type { Check } from './types.ts';
import { needsNoBuild } from './upkeep.ts';
import { fails, file, holds, skipped } from './verdict.ts';

export const rebuildHook: Check = {
  code: 'rebuild/hook',
  severity: 'warning',
  judge: (facts, expected) =>
    given(
      needsNoBuild(facts, expected),
      (reason) => {
        if (reason) return skipped(reason);
        return given(all(orElse(facts.setup.hooks, []), orElse(facts.dkms, [])), ([hooks, modules]) => {
          const kept = modules.find(
            ({ automatic, builds }) => automatic && builds.some((b) => expected.readers.includes(b)),
          );
          if (kept) return holds(`DKMS builds ${kept.name} ${kept.version} for each new kernel`);
          return hooks.length > 0
            ? holds(
                hooks.join(', '),
                hooks.map((path) => file(path)),
              )
            : fails('no hook and no DKMS builds the reader when a kernel is installed');
        });
      },
      skipped('no kernel boots'),
    ),
};
