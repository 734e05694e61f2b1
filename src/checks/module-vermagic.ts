import type { ModuleElf } from '../facts/types.ts';
import { eachElf } from './elf.ts';
import { given } from './look.ts';
import type { Check, Verdict } from './types.ts';
import { fails, file, holds } from './verdict.ts';

export const moduleVermagic: Check = {
  code: 'module/vermagic',
  severity: 'error',
  judge: (facts, expected) =>
    eachElf(facts, expected, (elf, { path }, { release }) => {
      const evidence = [file(path, `vermagic=${elf.vermagic}`)];
      const builtFor = elf.vermagic.split(' ')[0] ?? '';
      if (builtFor === release) return holds(`${path} is for ${release}`, evidence);
      const other = fails(`${path} is built for kernel ${builtFor || '(none)'}, not ${release}`, { evidence });
      return takesOthers(elf) ? judgeForeign(elf, other, `${path} is built for ${builtFor}; ${release}`) : other;
    }),
};

/** With symbol versions, a kernel goes by them alone and takes another release's module: weak-updates rest on that. */
function takesOthers(elf: ModuleElf): boolean {
  return elf.vermagic.split(' ').includes('modversions');
}

function judgeForeign(elf: ModuleElf, other: Verdict, subject: string): readonly Verdict[] {
  return given(
    elf.symbols,
    (wrong) => (wrong.length === 0 ? holds(`${subject} takes it: all symbol versions fit`) : other),
    other,
  );
}
