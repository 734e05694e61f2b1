import type { CodeId } from '../../report/codes.ts';
import type { Problem } from '../../spec/types.ts';

type MergeCode = Extract<CodeId, `merge/${string}`>;

/** Where in the user's file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Why it cannot be merged. */
export function refuse(code: MergeCode, message: string, hint: string, place?: Place): Problem {
  return { code, severity: 'error', path: [], message, hint, ...place };
}

/** Whether what a step gave is a refusal. */
export function isRefusal(given: object): given is Problem {
  return 'severity' in given;
}
