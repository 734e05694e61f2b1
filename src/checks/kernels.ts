import type { Facts, KernelFacts, ModuleFile, NextKernel } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import { all, derive, given, ifKnown, known, orElse } from './look.ts';
import type { Expectation, Verdict } from './types.ts';
import { skipped } from './verdict.ts';

/** The kernel that boots next, and what says so. Where there is no boot loader, whoever starts the machine chooses: only one kernel is no choice. */
export function nextKernel(facts: Facts): Look<NextKernel> {
  return derive(orElse(facts.boot, null), (boot) => (boot ? boot.next : onlyKernel(facts)));
}

function onlyKernel(facts: Facts): Look<NextKernel> {
  return derive(facts.kernels, (kernels) => {
    const [only, ...more] = kernels.filter((kernel) => kernel.modules);
    if (!only) return { state: 'absent' };
    return more.length > 0
      ? { state: 'unknown', why: `no boot loader is here to ask, and ${more.length + 1} kernels are installed` }
      : known({ release: only.release, why: 'it is the only kernel installed' });
  });
}

/** Verdicts about each kernel that has modules. Failures of a kernel that surely does not boot next are warnings. */
export function eachKernel(
  facts: Facts,
  judge: (kernel: KernelFacts) => Verdict | readonly Verdict[],
): readonly Verdict[] {
  return given(
    facts.kernels,
    (kernels) => {
      const installed = kernels.filter((kernel) => kernel.modules);
      const verdicts = installed.flatMap((kernel) =>
        [judge(kernel)].flat().map((verdict) => ({ ...graded(facts, kernel, verdict), kernel: kernel.release })),
      );
      return verdicts.length > 0 ? verdicts : [skipped('no kernel has a reader')];
    },
    skipped('no kernel is installed'),
  );
}

function graded(facts: Facts, { release }: KernelFacts, verdict: Verdict): Verdict {
  if (verdict.status !== 'fails') return verdict;
  const next = ifKnown(nextKernel(facts));
  return next && next.release !== release ? { ...verdict, severity: 'warning' } : verdict;
}

/** The files that modprobe takes for the names of the readers: the first of each name. */
export function takenReaders(kernel: KernelFacts, expected: Expectation): Look<readonly ModuleFile[]> {
  return derive(orElse(kernel.readers, []), (files) =>
    known(
      expected.readers.flatMap((name) => {
        const first = files.find((file) => file.name === name);
        return first ? [first] : [];
      }),
    ),
  );
}

/** Names of the readers that are part of the kernel itself. */
export function builtinReaders(kernel: KernelFacts, expected: Expectation): Look<readonly string[]> {
  return derive(orElse(kernel.builtin, []), (names) => known(names.filter((name) => expected.readers.includes(name))));
}

/** Verdicts about each reader's file that modprobe takes. */
export function eachReader(
  facts: Facts,
  expected: Expectation,
  judge: (file: ModuleFile, kernel: KernelFacts) => Verdict | readonly Verdict[],
): readonly Verdict[] {
  return eachKernel(facts, (kernel) =>
    given(takenReaders(kernel, expected), (files) => files.flatMap((file) => judge(file, kernel))),
  );
}

/** The kernel that boots next, as it is installed; absent: it is not. */
export function nextInstalled(facts: Facts): Look<KernelFacts> {
  return derive(all(nextKernel(facts), orElse(facts.kernels, [])), ([next, kernels]) => {
    const found = kernels.find((kernel) => kernel.release === next.release && kernel.modules);
    return found ? known(found) : { state: 'absent' };
  });
}

/** The readers' files of the kernel that boots next; none where it is not installed. */
export function nextReaders(facts: Facts, expected: Expectation): Look<readonly ModuleFile[]> {
  return derive(orElse(nextInstalled(facts), null), (kernel) => (kernel ? takenReaders(kernel, expected) : known([])));
}
