import type { Plan } from '../plan/types.ts';
import type { Problem } from '../spec/types.ts';
import { needsGzip, renderUserData, renderUserDataGzip, sizeProblems } from './cloud-init.ts';
import { type Payload, renderPayload } from './payload.ts';
import type { Artifact, Sources } from './types.ts';

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

/** Plan -> artifacts. Pure: the same plan and sources give the same bytes. */
export function render(plan: Plan, sources: Sources, kinds: readonly Kind[] = KINDS): Rendered {
  const payload = renderPayload(plan, sources.guest);
  const userData = plan.target.cloudInit === null ? undefined : renderUserData(plan, payload);
  const gzip =
    userData !== undefined && needsGzip(plan, userData)
      ? renderUserDataGzip(plan, payload, sources.compress)
      : undefined;
  const dir = `${plan.id}/cloud-init`;
  const made: Readonly<Record<Kind, readonly Artifact[]>> = {
    'cloud-init': [
      ...(userData === undefined ? [] : [file(`${dir}/user-data`, userData)]),
      ...(gzip === undefined ? [] : [file(`${dir}/user-data.gz`, gzip)]),
    ],
    script: [{ path: `${plan.id}/script/install-toa.sh`, mode: 0o755, content: payload.script }],
  };
  const sized = userData !== undefined && kinds.includes('cloud-init');
  const size = {
    plain: userData?.length ?? 0,
    ...(gzip && { gzip: { bytes: gzip.length, path: `${dir}/user-data.gz` } }),
  };
  return {
    plan,
    payload,
    artifacts: kinds.flatMap((kind) => made[kind]),
    problems: sized ? sizeProblems(plan, size, payload) : [],
  };
}

const file = (path: string, content: Artifact['content']): Artifact => ({ path, mode: 0o644, content });
