import type { Facts, KernelFacts, ModuleElf, ModuleFile } from '../facts/types.ts';
import { eachReader } from './kernels.ts';
import { given } from './look.ts';
import type { Expectation, Verdict } from './types.ts';
import { skipped } from './verdict.ts';

/** Verdicts about what each reader says of itself. One that is damaged says nothing: module/corrupt has its finding. */
export function eachElf(
  facts: Facts,
  expected: Expectation,
  judge: (elf: ModuleElf, reader: ModuleFile, kernel: KernelFacts) => Verdict | readonly Verdict[],
): readonly Verdict[] {
  return eachReader(facts, expected, (reader, kernel) =>
    reader.damage === null
      ? given(reader.elf, (elf) => judge(elf, reader, kernel), skipped('a link that leads nowhere'))
      : skipped('the module is damaged'),
  );
}
