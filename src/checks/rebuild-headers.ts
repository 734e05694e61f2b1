import { installHeaders } from './install-command.ts';
import { nextInstalled } from './kernels.ts';
import { all, given } from './look.ts';
import type { Check } from './types.ts';
import { needsNoBuild } from './upkeep.ts';
import { fails, file, holds, skipped } from './verdict.ts';

export const rebuildHeaders: Check = {
  code: 'rebuild/headers',
  severity: 'warning',
  judge: (facts, expected) =>
    given(
      all(needsNoBuild(facts, expected), nextInstalled(facts)),
      ([reason, { release, headers }]) => {
        if (reason) return skipped(reason);
        return given(
          headers,
          (path) => ({ ...holds(`headers of ${release} in ${path}`, [file(path)]), kernel: release }),
          () => ({
            ...fails(`the headers of kernel ${release} are not installed`, { hint: installHeaders(facts, release) }),
            kernel: release,
          }),
        );
      },
      skipped('no kernel boots'),
    ),
};
