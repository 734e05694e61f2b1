import type { Facts, KernelFacts, ModuleFile } from '../facts/types.ts';
import { eachReader } from './kernels.ts';
import { isSurelyEffective, readerLoaders } from './loaders.ts';
import { given, ifKnown, orElse } from './look.ts';
import type { Check, Expectation, Severity, Verdict } from './types.ts';
import { fails, file, holds } from './verdict.ts';

export const moduleStaleIndex: Check = {
  code: 'module/stale-index',
  severity: 'error',
  judge: (facts, expected) =>
    eachReader(facts, expected, (reader, kernel) =>
      [
        ...judgeIndex('modules.dep.bin', kernel.index.binary, reader, kernel),
        ...judgeIndex('modules.dep', kernel.index.text, reader, kernel),
      ].map((verdict) =>
        verdict.status === 'fails' ? { severity: severityOf(facts, expected), ...verdict } : verdict,
      ),
    ),
};

function judgeIndex(
  name: string,
  index: KernelFacts['index']['text'],
  reader: ModuleFile,
  { release }: KernelFacts,
): readonly Verdict[] {
  const path = `/lib/modules/${release}/${name}`;
  return given(orElse(index, null), (entries) => {
    if (entries?.includes(reader.path)) return holds(`${path} leads to ${reader.path}`, [file(path)]);
    const instead = entries?.find((entry) => entry.includes(`/${reader.name}.ko`));
    const seen = entries === null ? 'is not there' : instead ? `leads to ${instead}` : `has no entry ${reader.name}`;
    return fails(`${path} ${seen}; ${reader.path} is there`, {
      evidence: [file(path), file(reader.path)],
      hint: `depmod ${release} (for an image: depmod -b ROOT ${release})`,
    });
  });
}

/** Who loads by a path needs no index; then it only misleads people. */
function severityOf(facts: Facts, expected: Expectation): Severity {
  const working = ifKnown(readerLoaders(facts, expected))?.filter(isSurelyEffective) ?? [];
  const byPath = working.length > 0 && working.every(({ loads }) => loads.every((entry) => entry.startsWith('/')));
  return byPath ? 'warning' : 'error';
}
