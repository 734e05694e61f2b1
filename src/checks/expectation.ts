import { METHODS } from '../catalog/methods.ts';
import type { Facts, Receipt } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import type { Target } from '../plan/targets.ts';
import type { Plan } from '../plan/types.ts';
import { derive, ifKnown, isSurelyAbsent, known, orElse } from './look.ts';
import type { Expectation } from './types.ts';

/** Every name that a reader has. */
export const ANY_READER: readonly string[] = [...new Set(METHODS.flatMap((method) => method.module ?? []))].sort();

/**
 * What the machine is judged by: of the spec's plans the one for its distribution and architecture, else what its receipt says,
 * else nothing but soundness. Absent: none of the plans is for this machine. Unknown: nobody can tell which is.
 */
export function expect(facts: Facts, plans: readonly Plan[] | null): Look<Expectation> {
  if (plans) return derive(choosePlan(facts, plans), (plan) => known(fromPlan(plan)));
  const receipt = ifKnown(facts.setup.receipt);
  return known(receipt ? fromReceipt(receipt) : fromNothing(facts));
}

function choosePlan(facts: Facts, plans: readonly Plan[]): Look<Plan> {
  return derive(facts.os, (os) => {
    const [first, ...more] = plans.filter(({ target }) => isRelease(target, os));
    if (!first) return { state: 'absent' };
    // Without a need to choose, nothing depends on the architecture.
    if (more.length === 0 && ifKnown(facts.machine) === undefined) return known(first);
    return derive(orElse(facts.machine, 'other'), (machine) => {
      const plan = [first, ...more].find(({ arch }) => arch === machine);
      return plan ? known(plan) : { state: 'absent' };
    });
  });
}

/** os-release as the catalog writes it: VERSION_ID whole or up to a dot, and the name where two releases share it. */
export function isRelease(
  target: Pick<Target, 'osId' | 'versionId' | 'osName'>,
  os: { readonly id: string; readonly versionId: string; readonly name: string },
): boolean {
  return (
    target.osId === os.id &&
    (target.versionId === os.versionId ||
      (target.versionId !== '' && os.versionId.startsWith(`${target.versionId}.`))) &&
    (target.osName ?? os.name) === os.name
  );
}

function fromPlan(plan: Plan): Expectation {
  return {
    from: 'spec',
    target: plan.id,
    readers: plan.module ? [plan.module] : [],
    programs: plan.module === null,
    kinds: known(plan.kinds),
    trust: known(plan.trust),
    onUpgrade: known(plan.onUpgrade),
    secureBoot: known(plan.secureBoot),
  };
}

function fromReceipt(receipt: Receipt): Expectation {
  const method = METHODS.find(({ id }) => id === receipt.method);
  const silent = { state: 'unknown', why: 'the receipt does not say it; a spec would' } as const;
  return {
    from: 'receipt',
    target: receipt.target,
    readers: method ? [method.module ?? []].flat() : ANY_READER,
    programs: method?.module === null,
    kinds: known(receipt.kinds),
    trust: known(receipt.trusted.includes('any') ? 'any' : receipt.trusted),
    onUpgrade: silent,
    secureBoot: silent,
  };
}

function fromNothing({ setup }: Facts): Expectation {
  const why = isSurelyAbsent(setup.receipt)
    ? 'no spec is given, and no receipt is on the machine'
    : 'no spec is given, and the receipt on the machine cannot be read';
  const silent = { state: 'unknown', why } as const;
  return {
    from: 'nothing',
    target: '',
    readers: ANY_READER,
    programs: false,
    kinds: silent,
    trust: silent,
    onUpgrade: silent,
    secureBoot: silent,
  };
}
