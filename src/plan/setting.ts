import type { Problem, Wanted } from '../spec/types.ts';

/** Where a setting was written: in the target if it states it, else at the top. */
export function settingPath(wanted: Wanted, key: keyof Wanted): Problem['path'] {
  if (wanted.own.includes(key)) return [...wanted.at, key];
  return key in wanted ? [key] : wanted.at;
}
