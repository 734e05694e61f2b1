import type { Finding, Status } from '../checks/types.ts';
import { CODES, type CodeId } from './codes.ts';
import { outcomeOf } from './report.ts';

/** Findings of one check about one kernel, or about the machine: a cell of the matrix, a test case of JUnit. */
export interface Cell {
  readonly code: CodeId;
  readonly kernel: string | null;
  readonly status: Status;
  readonly severity: Finding['severity'];
  readonly findings: readonly Finding[];
}

const GRAVITY: readonly Status[] = ['skipped', 'holds', 'unknown', 'fails'];

/** Findings by check and kernel, in their order. The gravest says what becomes of the cell. */
export function cellsOf(findings: readonly Finding[]): readonly Cell[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.code} ${finding.kernel ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const worst = [...group].sort((a, b) => gravity(b) - gravity(a))[0];
    if (!first || !worst) return [];
    return {
      code: first.code,
      kernel: first.kernel ?? null,
      status: worst.status,
      severity: worst.severity,
      findings: group,
    };
  });
}

function gravity({ status, severity }: Finding): number {
  return GRAVITY.indexOf(status) * 2 + (severity === 'error' ? 1 : 0);
}

/** What people have to read: several that say the same are one. Errors first, then what is unknown, then warnings. */
export interface Trouble {
  readonly kind: 'error' | 'unknown' | 'warning';
  readonly message: string;
  readonly codes: readonly CodeId[];
  readonly kernels: readonly string[];
  readonly evidence: Finding['evidence'];
  /** What to do about it; empty where there is nothing to say. */
  readonly cure: string;
  readonly why: string;
}

export function troubleOf(findings: readonly Finding[], strict: boolean): readonly Trouble[] {
  const troubles = new Map<string, Trouble>();
  for (const finding of findings) {
    const kind = kindOf(finding, strict);
    if (!kind) continue;
    // What nobody can tell for one reason is one trouble, however many checks depend on it.
    const key = kind === 'unknown' ? finding.message : `${finding.code} ${finding.message}`;
    const before = troubles.get(key);
    troubles.set(key, {
      kind,
      message: finding.message,
      codes: unique([...(before?.codes ?? []), finding.code]),
      kernels: unique([...(before?.kernels ?? []), ...(finding.kernel === undefined ? [] : [finding.kernel])]),
      evidence: before?.evidence ?? finding.evidence,
      cure: before?.cure ?? cureOf(finding, kind),
      why: before?.why ?? CODES[finding.code].why,
    });
  }
  const all = [...troubles.values()];
  return (['error', 'unknown', 'warning'] as const).flatMap((kind) => all.filter((trouble) => trouble.kind === kind));
}

/** Of what nobody can tell, the code's cure would be for a fault that may not be there. */
function cureOf({ code, hint }: Finding, kind: Trouble['kind']): string {
  return hint ?? (kind === 'unknown' ? '' : CODES[code].cure);
}

function kindOf(finding: Finding, strict: boolean): Trouble['kind'] | null {
  const outcome = outcomeOf(finding, strict);
  if (outcome === 'holds') return null;
  if (outcome === 'unknown') return 'unknown';
  return outcome === 'warns' ? 'warning' : 'error';
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}
