import { given, orElse } from './look.ts';
import type { Check } from './types.ts';
import { fails, holds } from './verdict.ts';

export const modprobeInstallLine: Check = {
  code: 'modprobe/install-line',
  severity: 'error',
  judge: (facts, expected) =>
    given(orElse(facts.modprobe, null), (modprobe) => {
      const lines = modprobe?.installs.filter(({ module }) => expected.readers.includes(module)) ?? [];
      if (lines.length === 0) return holds('no install line names the reader');
      return lines.map(({ path, line, text }) => {
        // Such a line goes on to load the module itself.
        const loads = /--ignore-install|-i\b|insmod/.test(text);
        return fails(`${path}:${line}: ${text}`, {
          severity: loads ? 'warning' : 'error',
          evidence: [{ path, line, text }],
          hint: `Remove line ${line} of ${path}.`,
        });
      });
    }),
};
