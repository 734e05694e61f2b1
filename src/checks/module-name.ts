import { eachElf } from './elf.ts';
import type { Check } from './types.ts';
import { fails, file, holds } from './verdict.ts';

export const moduleName: Check = {
  code: 'module/name',
  severity: 'error',
  judge: (facts, expected) =>
    eachElf(facts, expected, (elf, { path, name }) =>
      elf.name === name
        ? holds(`${path} is ${name}`, [file(path)])
        : fails(`${path} calls itself ${JSON.stringify(elf.name)}, not ${name}`, {
            evidence: [file(path, `name=${elf.name}`)],
          }),
    ),
};
