import type { Evidence } from '../facts/types.ts';
import { commandLine, valuesOf } from './command-line.ts';
import { isSurelyEffective, readerLoaders } from './loaders.ts';
import { all, given, ifKnown, orElse } from './look.ts';
import type { Check } from './types.ts';
import { fails, file, holds } from './verdict.ts';

export const modprobeBlacklisted: Check = {
  code: 'modprobe/blacklisted',
  severity: 'error',
  judge: (facts, expected) =>
    given(all(orElse(facts.modprobe, null), commandLine(facts)), ([modprobe, words]) => {
      const isReader = (name: string): boolean => expected.readers.includes(name);
      if (valuesOf(words, 'module_blacklist').some(isReader)) {
        return fails('the kernel refuses the reader: module_blacklist= on its command line', { evidence: [CMDLINE] });
      }
      const lines: readonly Evidence[] = [
        ...(modprobe?.blacklisted.filter(({ module }) => isReader(module)) ?? []).map(bare),
        ...(valuesOf(words, 'modprobe.blacklist').some(isReader) ? [CMDLINE] : []),
      ];
      const [line] = lines;
      if (!line) return holds(`no blacklist names ${expected.readers.join(' or ')}`);
      // modprobe loads a blacklisted module that is asked for by name; systemd-modules-load does not.
      const working = ifKnown(readerLoaders(facts, expected))?.filter(isSurelyEffective) ?? [];
      const isLoaded = working.some(({ kind }) => kind !== 'modules-load.d' && kind !== 'etc-modules');
      return fails(`${line.path}: ${line.text}${isLoaded ? ', which whoever loads it by name ignores' : ''}`, {
        severity: isLoaded ? 'warning' : 'error',
        evidence: lines,
        hint: `Remove it: ${lines.map((one) => (one.line > 0 ? `line ${one.line} of ${one.path}` : one.path)).join(', ')}.`,
      });
    }),
};

const CMDLINE = file("the kernel's command line", 'blacklist of the reader');

function bare({ path, line, text }: Evidence): Evidence {
  return { path, line, text };
}
