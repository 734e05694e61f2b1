import type { Evidence, Facts, ModuleFile } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import { nextReaders } from './kernels.ts';
import { derive, ifKnown, known, orElse } from './look.ts';
import type { Expectation } from './types.ts';

/** Why nobody has to build the reader on this machine for its next kernel; null: somebody has to. */
export function needsNoBuild(facts: Facts, expected: Expectation): Look<string | null> {
  if (expected.readers.length === 0) return known('the method needs no module');
  return derive(nextReaders(facts, expected), (files) => {
    if (files.length === 0) return known('the kernel that boots next has no reader of its own');
    if (files.every(isDistributions)) return known('the reader comes with the distribution');
    const planned = ifKnown(expected.onUpgrade);
    if (planned === 'hold') return known('the kernel is to be held');
    if (planned === 'rebuild') return known(null);
    return derive(heldPackages(facts), (held) => known(held.length > 0 ? 'the kernel packages are held' : null));
  });
}

/** Whether it comes with a kernel package (a vendor's kernel with the reader inside), or is the distribution's own. */
export function isDistributions(reader: ModuleFile): boolean {
  return reader.name === 'vtoa' || isInsideKernelPackage(reader);
}

/** The vendor's kernels have it there; no update of the distribution's has. */
export function isInsideKernelPackage(reader: ModuleFile): boolean {
  return /\/kernel\/net\/toa\/toa\.ko/.test(reader.path);
}

export function heldPackages({ packages }: Facts): Look<readonly Evidence[]> {
  return derive(orElse(packages, null), (found) => (found ? orElse(found.held, []) : known([])));
}
