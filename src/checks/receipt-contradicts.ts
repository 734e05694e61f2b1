import type { Facts, KernelFacts, Receipt } from '../facts/types.ts';
import { findTarget } from '../plan/targets.ts';
import { isRelease } from './expectation.ts';
import { given, orElse } from './look.ts';
import type { Check, Verdict } from './types.ts';
import { fails, file, holds, skipped } from './verdict.ts';

export const receiptContradicts: Check = {
  code: 'receipt/contradicts',
  severity: 'error',
  judge: (facts) =>
    given(
      facts.setup.receipt,
      (receipt) => [
        ...judgeTarget(facts, receipt),
        ...judgePayload(facts, receipt),
        ...given(orElse(facts.kernels, []), (kernels) =>
          receipt.kernels.flatMap((recorded) =>
            recorded.module === PROGRAMS ? judgeObject(facts, recorded) : judgeModule(recorded, kernels),
          ),
        ),
      ],
      skipped('there is no receipt'),
    ),
};

const RECEIPT = file('/var/lib/toa/receipt.json');

/** What method ebpf has for every kernel. */
const PROGRAMS = '/usr/local/lib/toa/toa.bpf';

function judgeObject({ setup }: Facts, { release, sha256 }: Receipt['kernels'][number]): readonly Verdict[] {
  const evidence = [RECEIPT, file(PROGRAMS)];
  return given(orElse(setup.files, []), (files) => {
    const found = files.find(({ path }) => path === PROGRAMS);
    if (!found) return fails(`the receipt says that ${PROGRAMS} was installed; it is not there`, { evidence });
    return found.sha256 === sha256
      ? holds(`${PROGRAMS} is as it was installed`, evidence)
      : fails(`${PROGRAMS} is another file than the receipt says`, { evidence });
  }).map((verdict) => ({ ...verdict, kernel: release }));
}

function judgeModule(recorded: Receipt['kernels'][number], kernels: readonly KernelFacts[]): readonly Verdict[] {
  const { release, module: path, sha256 } = recorded;
  if (!path.startsWith(`/lib/modules/${release}/`)) {
    return [fails(`the receipt has ${path} for kernel ${release}`, { evidence: [RECEIPT] })];
  }
  const kernel = kernels.find((installed) => installed.release === release);
  // Old kernels are removed by and by.
  if (!kernel) return [skipped(`kernel ${release} is no longer installed`)];
  return given(orElse(kernel.readers, []), (readers) => {
    const found = readers.find((reader) => reader.path === path);
    const evidence = [RECEIPT, file(path)];
    // Other checks have their findings about these; the receipt adds nothing.
    if (readers.length === 0) return skipped(`kernel ${release} has no reader at all`);
    if (found && found.damage !== null) return skipped(`${path} is damaged`);
    if (!found) return fails(`the receipt says that ${path} was installed; it is not there`, { evidence });
    if (found.sha256 === '') return given(found.elf, () => [], skipped(`${path} leads nowhere`));
    return found.sha256 === sha256
      ? holds(`${path} is as it was installed`, evidence)
      : fails(`${path} is another file than the receipt says`, { evidence });
  }).map((verdict) => ({ ...verdict, kernel: release }));
}

function judgeTarget({ os }: Facts, receipt: Receipt): readonly Verdict[] {
  const target = findTarget(receipt.target.replace(/-arm64$/, ''));
  if (!target) return [skipped(`this release does not know the target ${receipt.target}`)];
  return given(
    os,
    (seen) =>
      isRelease(target, seen)
        ? holds(`the receipt and os-release say ${receipt.target}`, [RECEIPT])
        : fails(`the receipt is of ${receipt.target}, the machine is ${seen.prettyName || seen.id}`, {
            evidence: [RECEIPT],
          }),
    skipped('there is no os-release'),
  );
}

function judgePayload({ setup }: Facts, receipt: Receipt): readonly Verdict[] {
  return given(
    setup.payload,
    (payload) =>
      payload.trim() === receipt.payload
        ? holds('the files of toa-setup are of the payload that the receipt names', [RECEIPT])
        : fails('the files of toa-setup are of another payload than the receipt says', { evidence: [RECEIPT] }),
    skipped('the payload is not recorded'),
  );
}
