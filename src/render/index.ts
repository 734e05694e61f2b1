import type { Plan } from '../plan/types.ts';
import type { Problem } from '../spec/types.ts';
import { renderUserData, sizeProblems } from './cloud-init.ts';
import { type Payload, renderPayload } from './payload.ts';
import type { Artifact, Guest } from './types.ts';

/** The artifact kinds that `--only` names. */
export const KINDS = ['cloud-init', 'script'] as const;
export type Kind = (typeof KINDS)[number];

/** Everything rendered for one plan. */
export interface Rendered {
  readonly plan: Plan;
  readonly payload: Payload;
  readonly artifacts: readonly Artifact[];
  /** Sizes over a cloud's limit. */
  readonly problems: readonly Problem[];
}

/** Plan -> artifacts. Pure: the same plan and guest files give the same bytes. */
export function render(plan: Plan, guest: Guest, kinds: readonly Kind[] = KINDS): Rendered {
  const payload = renderPayload(plan, guest);
  const withUserData = kinds.includes('cloud-init') && plan.target.cloudInit !== null;
  const userData = withUserData ? renderUserData(plan, payload) : undefined;
  return {
    plan,
    payload,
    artifacts: [
      ...(userData === undefined
        ? []
        : [{ path: `${plan.id}/cloud-init/user-data`, mode: 0o644, content: userData } as const]),
      ...(kinds.includes('script')
        ? [{ path: `${plan.id}/script/install-toa.sh`, mode: 0o755, content: payload.script } as const]
        : []),
    ],
    problems: userData === undefined ? [] : sizeProblems(plan, userData, payload),
  };
}
