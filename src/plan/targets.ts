import { DISTRIBUTIONS } from '../catalog/distributions/index.ts';
import { FAMILIES } from '../catalog/families.ts';
import type { Distribution, FamilyId, Release, Traits } from '../catalog/types.ts';

/** One release of one distribution with everything its family and distribution say, merged. */
export interface Target extends Traits {
  /** "debian-12" */
  readonly id: string;
  /** "Debian 12 (bookworm)" */
  readonly name: string;
  readonly family: FamilyId;
  /** ID and VERSION_ID of /etc/os-release; versionId may be the part before a dot ("8" fits "8.10"). */
  readonly osId: string;
  readonly versionId: string;
  /** NAME there, where two targets share the other two. */
  readonly osName?: string;
}

/** Every target, in the catalog's order. */
export const TARGETS: readonly Target[] = Object.freeze(
  DISTRIBUTIONS.flatMap((distribution) => distribution.releases.map((release) => mergeTarget(distribution, release))),
);

export function findTarget(id: string): Target | undefined {
  return TARGETS.find((target) => target.id === id);
}

/** family -> distribution -> release: the later one wins, whole values; what was read adds up. */
function mergeTarget(distribution: Distribution, release: Release): Target {
  const family = FAMILIES[distribution.family];
  const { id, name, osId, releases: _, ...own } = distribution;
  const { release: version, versionId, codename, ...last } = release;
  return Object.freeze({
    ...family,
    ...own,
    ...last,
    id: `${id}-${version}`,
    name: `${name} ${version.replace(/^stream-/, 'Stream ')}${codename ? ` (${codename})` : ''}`,
    family: distribution.family,
    osId,
    versionId,
    sources: [...family.sources, ...(own.sources ?? []), ...(last.sources ?? [])],
  });
}
