import { eachElf } from './elf.ts';
import { given } from './look.ts';
import type { Check } from './types.ts';
import { fails, file, holds, unknown } from './verdict.ts';

export const moduleArch: Check = {
  code: 'module/arch',
  severity: 'error',
  judge: (facts, expected) =>
    eachElf(facts, expected, (elf, { path }) =>
      given(
        facts.machine,
        (machine) =>
          elf.machine === machine
            ? holds(`${path} is for ${machine}`, [file(path)])
            : fails(`${path} is for ${elf.machine}, the machine is ${machine}`, { evidence: [file(path)] }),
        unknown('no program is here that shows what the machine is'),
      ),
    ),
};
