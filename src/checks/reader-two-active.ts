import type { Facts, Loader } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import { ANY_READER } from './expectation.ts';
import { moduleName } from './loaders.ts';
import { all, derive, given, known, orElse } from './look.ts';
import type { Check, Verdict } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

export const readerTwoActive: Check = {
  code: 'reader/two-active',
  severity: 'error',
  judge: (facts) => [
    ...given(all(activeLoaders(facts), installedNames(facts)), ([loaders, installed]) => {
      const named = loaders.flatMap((loader) => loader.loads.map((entry) => ({ loader, name: moduleName(entry) })));
      const active = named.filter(({ name }) => installed.includes(name));
      const evidence = active.map(({ loader: { path, line, text } }) => ({ path, line, text }));
      return verdict(
        active.map(({ name }) => name),
        'loaded at boot',
        evidence,
      );
    }),
    ...given(
      facts.running,
      (running) => given(orElse(running.loaded, []), (loaded) => verdict(loaded.filter(isReader), 'loaded now', [])),
      skipped('the machine does not run'),
    ),
  ],
};

function verdict(names: readonly string[], when: string, evidence: Verdict['evidence'] = []): Verdict {
  const different = [...new Set(names)].sort();
  return different.length > 1
    ? fails(`${different.join(' and ')} are both ${when}`, { evidence })
    : holds(`${different[0] ?? 'none'} is ${when}`, evidence);
}

function isReader(name: string): boolean {
  return ANY_READER.includes(name);
}

function activeLoaders(facts: Facts): Look<readonly Loader[]> {
  return derive(orElse(facts.loaders, []), (loaders) =>
    derive(all(...loaders.map(({ hindrance }) => orElse(hindrance, null))), (hindrances) =>
      known(loaders.filter((_, i) => hindrances[i] === null)),
    ),
  );
}

/** Names of the readers that any kernel has. */
function installedNames(facts: Facts): Look<readonly string[]> {
  return derive(orElse(facts.kernels, []), (kernels) =>
    derive(all(...kernels.flatMap((kernel) => [orElse(kernel.readers, []), orElse(kernel.builtin, [])])), (found) =>
      known(found.flat().map((entry) => (typeof entry === 'string' ? entry : entry.name))),
    ),
  );
}
