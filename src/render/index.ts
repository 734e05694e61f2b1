import type { Plan } from '../plan/types.ts';
import type { Problem } from '../spec/types.ts';
import { needsGzip, renderUserData, renderUserDataGzip, sizeProblems } from './cloud-init.ts';
import { renderLocal, userDataProblem } from './local.ts';
import { mergeUserData } from './merge.ts';
import { packerProblem, renderPacker } from './packer.ts';
import { type Payload, renderPayload } from './payload.ts';
import { renderTerraform } from './terraform.ts';
import type { Artifact, Sources } from './types.ts';

/** The artifact kinds that `--only` names. */
export const KINDS = ['cloud-init', 'packer', 'terraform', 'script'] as const;
export type Kind = (typeof KINDS)[number];

/** The user's own user-data, to be merged with ours; `name` is its file's, for messages. */
export interface Theirs {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** Everything rendered for one plan. */
export interface Rendered {
  readonly plan: Plan;
  readonly payload: Payload;
  readonly artifacts: readonly Artifact[];
  /** Sizes over a cloud's limit, user-data that cannot be merged, or a kind that the target cannot have. */
  readonly problems: readonly Problem[];
  /** What merging did, a sentence each. */
  readonly did: readonly string[];
}

/**
 * Plan -> artifacts. Pure: the same plan, sources and user-data give the same bytes. A target that cannot have a kind goes without it,
 * unless it is the only one asked for.
 */
export function render(plan: Plan, sources: Sources, kinds: readonly Kind[] = KINDS, theirs?: Theirs): Rendered {
  const payload = renderPayload(plan, sources.guest);
  const isHandedOver = plan.target.cloudInit !== null && (kinds.includes('cloud-init') || kinds.includes('terraform'));
  const without = isHandedOver ? userDataProblem(plan) : undefined;
  const userData = isHandedOver && !without ? renderHandedOver(plan, payload, sources, theirs) : undefined;
  const artifacts = {
    'cloud-init': () => userData?.artifacts ?? [],
    packer: () => (packerProblem(plan) ? [] : renderPacker(plan, payload, sources.template, sources.local)),
    terraform: () =>
      userData?.text === undefined
        ? []
        : renderTerraform(plan, payload, userData.text, sources.template, userData.gzip),
    script: () => [
      { path: `${plan.id}/script/install-toa.sh`, mode: 0o755, content: payload.script } as const,
      ...renderLocal(plan, `${plan.id}/script`, sources.local),
    ],
  } satisfies Record<Kind, () => readonly Artifact[]>;
  const unfit = kinds.includes('packer') ? packerProblem(plan) : undefined;
  const severity = kinds.length === 1 ? 'error' : 'warning';
  return {
    plan,
    payload,
    artifacts: kinds.flatMap((kind) => artifacts[kind]()),
    problems: [
      ...(userData?.problems ?? []),
      // Who asks for a merge asks for user-data.
      ...(without ? [{ ...without, severity: theirs ? 'error' : severity } as const] : []),
      ...(unfit ? [{ ...unfit, severity } as const] : []),
    ],
    did: userData?.did ?? [],
  };
}

/** What a cloud is given as user-data: ours, or theirs and ours. */
interface HandedOver {
  /** Left out where it could not be made. */
  readonly text?: string;
  readonly gzip?: Uint8Array;
  readonly artifacts: readonly Artifact[];
  readonly problems: readonly Problem[];
  readonly did: readonly string[];
}

function renderHandedOver(plan: Plan, payload: Payload, sources: Sources, theirs: Theirs | undefined): HandedOver {
  const ours = renderUserData(plan, payload);
  const merged = theirs && mergeUserData(theirs.bytes, ours, theirs.name, sources.guest);
  if (merged && 'severity' in merged) return { artifacts: [], problems: [merged], did: [] };
  const text = merged ? merged.mime : ours;
  const name = `${plan.id}/cloud-init/user-data${merged ? '.mime' : ''}`;
  const gzip = needsGzip(plan, text)
    ? merged
      ? sources.compress(text)
      : renderUserDataGzip(plan, payload, sources.compress)
    : undefined;
  const size = { plain: Buffer.byteLength(text), ...(gzip && { gzip: { bytes: gzip.length, path: `${name}.gz` } }) };
  return {
    text,
    ...(gzip && { gzip }),
    artifacts: [
      { path: name, mode: 0o644, content: text },
      ...(gzip ? [{ path: `${name}.gz`, mode: 0o644, content: gzip } as const] : []),
    ],
    problems: [...servedProblems(plan, payload), ...sizeProblems(plan, size, payload)],
    did: merged?.did ?? [],
  };
}

/** Whether the script that the user says is served is the one that the user-data would ask for. */
function servedProblems({ id, payload: served }: Plan, { scriptSha256 }: Payload): readonly Problem[] {
  if (!served?.sha256 || served.sha256 === scriptSha256) return [];
  return [
    {
      code: 'payload/sha256',
      severity: 'error',
      path: [...served.at, 'sha256'],
      message: `payload.sha256 is ${served.sha256}; the script/install-toa.sh of ${id} has ${scriptSha256}`,
      hint: 'upload what `render --only script` writes and pin that, or leave sha256 out: the user-data pins the script all the same',
    },
  ];
}
