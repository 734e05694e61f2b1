import type { Look } from './types.ts';

/** Thrown inside of readers where something cannot be looked at; a Reader turns it into unknown, with its message as the reason. */
export class Unreadable extends Error {}

/** It is there. */
export function known<T>(value: T): Look<T> {
  return { state: 'known', value };
}

/** It is not there. */
export const ABSENT: Look<never> = { state: 'absent' };

/** Nobody could look, because. */
export function unknown(why: string): Look<never> {
  return { state: 'unknown', why };
}

/** Runs what looks. Undefined is absent; damage that it met is unknown; whatever else it throws is a bug and goes on. */
export function look<T>(see: () => T | undefined): Look<T> {
  try {
    const value = see();
    return value === undefined ? ABSENT : known(value);
  } catch (error) {
    return unknown(whyUnreadable(error));
  }
}

/** The reason inside of an error that the world may cause: a damaged image, a refused file. Throws anything else again. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof Unreadable) return error.message;
  if (!(error instanceof Error) || !('code' in error)) throw error;
  // Of Buffer's own bounds: a number in the image that leads outside of the structure it stands in.
  if (error.code === 'ERR_OUT_OF_RANGE' || error.code === 'ERR_BUFFER_OUT_OF_BOUNDS') {
    return 'it is corrupt: a number in it leads outside of its place';
  }
  if ('syscall' in error) return error.message;
  throw error;
}
