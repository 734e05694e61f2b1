import type { Look } from '../image/types.ts';
import type { Verdict } from './types.ts';
import { skipped } from './verdict.ts';

type Values<L extends readonly Look<unknown>[]> = {
  readonly [I in keyof L]: L[I] extends Look<infer T> ? T : never;
};

/**
 * The one way from a fact to a verdict: what nobody could look at is unknown, whatever the check has in mind, and what is not
 * there does not apply unless the check says what that means. No check looks at `state` itself (a test sees to it).
 */
export function given<T>(
  look: Look<T>,
  judge: (value: T) => Verdict | readonly Verdict[],
  absent: Verdict | (() => Verdict) = skipped('there is none'),
): readonly Verdict[] {
  if (look.state === 'unknown') return [{ status: 'unknown', message: look.why }];
  if (look.state === 'known') return [judge(look.value)].flat();
  return [typeof absent === 'function' ? absent() : absent];
}

/** All of them together: unknown as soon as one is, else absent as soon as one is. */
export function all<const L extends readonly Look<unknown>[]>(...looks: L): Look<Values<L>> {
  const whys = looks.flatMap((look) => (look.state === 'unknown' ? look.why : []));
  if (whys.length > 0) return { state: 'unknown', why: [...new Set(whys)].join('; ') };
  const values = looks.flatMap((look) => (look.state === 'known' ? [look.value] : []));
  return values.length === looks.length ? known(values as unknown as Values<L>) : { state: 'absent' };
}

export function known<T>(value: T): Look<T> {
  return { state: 'known', value };
}

/** What is not there becomes a value that says so. */
export function orElse<T, U>(look: Look<T>, value: U): Look<T | U> {
  return look.state === 'absent' ? known(value) : look;
}

/** A fact inside of a fact, or one that follows from it. */
export function derive<T, U>(look: Look<T>, make: (value: T) => Look<U>): Look<U> {
  return look.state === 'known' ? make(look.value) : look;
}

/** Whether it is certain that it is not there. Only for how grave a failure is: never for whether there is one. */
export function isSurelyAbsent(look: Look<unknown>): boolean {
  return look.state === 'absent';
}

/** The value where it is certain. Only for words and for how grave a failure is: never for whether there is one. */
export function ifKnown<T>(look: Look<T>): T | undefined {
  return look.state === 'known' ? look.value : undefined;
}
