import type { Evidence, Facts } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import type { CodeId } from '../report/codes.ts';

/** What a machine is judged by: a spec's plan, what the receipt says of one, or nothing but soundness. */
export interface Expectation {
  readonly from: 'spec' | 'receipt' | 'nothing';
  /** The plan's target, such as debian-12; empty where there is none. */
  readonly target: string;
  /** Names of the modules of which one must be there; none for a method without a module. */
  readonly readers: readonly string[];
  /** Whether it is eBPF programs instead of a module. */
  readonly programs: boolean;
  readonly kinds: Look<readonly number[]>;
  readonly trust: Look<'any' | readonly string[]>;
  readonly onUpgrade: Look<'rebuild' | 'hold'>;
  readonly secureBoot: Look<'off' | 'enforced'>;
}

/** `warning`: the machine shows clients, and something about it will bite later. */
export type Severity = 'error' | 'warning';

export type Status = 'holds' | 'fails' | 'unknown' | 'skipped';

/** What a check says of a machine. A check that holds says so too: the report shows what was looked at. */
export interface Finding {
  readonly code: CodeId;
  readonly severity: Severity;
  readonly status: Status;
  /** What was found; of an unknown, why nobody can tell; of a skipped one, why it does not apply. */
  readonly message: string;
  /** The kernel it is about, where it is about one. */
  readonly kernel?: string;
  readonly evidence: readonly Evidence[];
  /** What to do about it on this machine; the code's cure where there is nothing more exact. */
  readonly hint?: string;
}

/** A finding as a check makes it; the code is the check's, the severity too unless it says otherwise. */
export interface Verdict {
  readonly status: Status;
  readonly message: string;
  readonly severity?: Severity;
  readonly kernel?: string;
  readonly evidence?: readonly Evidence[];
  readonly hint?: string;
}

/** One thing that is judged. Pure: the same facts give the same verdicts, whenever and wherever they were collected. */
export interface Check {
  readonly code: CodeId;
  readonly severity: Severity;
  readonly judge: (facts: Facts, expected: Expectation) => readonly Verdict[];
}
