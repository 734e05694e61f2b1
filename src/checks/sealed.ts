import type { Facts } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import { given, orElse } from './look.ts';
import type { Verdict } from './types.ts';
import { fails, file, holds, skipped } from './verdict.ts';

/** A machine that runs has its own keys and state, as it must. */
export const LIVE: Verdict = skipped('the machine runs: it is no image');

/** What a sealed image must not carry: paths, of which there should be none. */
export function judgeLeft(
  facts: Facts,
  leftIn: (facts: Facts) => Look<readonly string[]>,
  what: string,
): readonly Verdict[] {
  if (facts.source.live) return [LIVE];
  return given(orElse(leftIn(facts), []), (paths) =>
    paths.length === 0
      ? holds(`no ${what}`)
      : fails(`${what}: ${shorten(paths)}`, { evidence: paths.map((path) => file(path)) }),
  );
}

/** More names than these nobody reads in one line; the evidence has them all. */
const SHOWN = 5;

function shorten(paths: readonly string[]): string {
  const more = paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : '';
  return `${paths.slice(0, SHOWN).join(', ')}${more}`;
}
