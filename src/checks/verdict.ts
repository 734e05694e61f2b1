import type { Evidence } from '../facts/types.ts';
import type { Severity, Verdict } from './types.ts';

export function holds(message: string, evidence: readonly Evidence[] = []): Verdict {
  return { status: 'holds', message, evidence };
}

/** What a failure may carry besides its sentence. */
export interface Detail {
  readonly evidence?: readonly Evidence[];
  readonly hint?: string | undefined;
  readonly severity?: Severity;
}

export function fails(message: string, detail: Detail = {}): Verdict {
  const { hint, ...rest } = detail;
  return { status: 'fails', message, ...rest, ...(hint !== undefined && { hint }) };
}

/** Nobody can tell, and why; the hint says how somebody could. */
export function unknown(why: string, evidence: readonly Evidence[] = [], hint?: string): Verdict {
  return { status: 'unknown', message: why, evidence, ...(hint !== undefined && { hint }) };
}

/** It does not apply to this machine, and why. */
export function skipped(why: string): Verdict {
  return { status: 'skipped', message: why };
}

/** A whole file as evidence. */
export function file(path: string, text = ''): Evidence {
  return { path, line: 0, text };
}
