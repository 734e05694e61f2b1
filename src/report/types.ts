import type { Expectation, Finding } from '../checks/types.ts';
import type { ReaderKind } from '../image/types.ts';
import type { Problem } from '../spec/types.ts';

/** Of one image, or of all: `fails` outranks `unusable` (no target of the spec fits), that `unknown`, that `warns`. */
export type Outcome = 'holds' | 'warns' | 'unknown' | 'unusable' | 'fails';

/** What `toa-bake validate` found. The JSON form is exactly this. */
export interface Report {
  /** Version of this shape. */
  readonly report: 1;
  readonly outcome: Outcome;
  /** Whether warnings count as failures. */
  readonly strict: boolean;
  /** In the order in which they were named. */
  readonly images: readonly ImageReport[];
  /** What is wrong with the spec; with an error among them nothing was looked at. */
  readonly problems: readonly Problem[];
}

/** What was found about one image. */
export interface ImageReport {
  /** As the user named it. */
  readonly what: string;
  readonly outcome: Outcome;
  /** How it was looked at; null: it could not be. */
  readonly source: { readonly kind: ReaderKind; readonly live: boolean } | null;
  /** PRETTY_NAME of os-release; empty: unknown. */
  readonly os: string;
  /** What it was judged by, and the plan's target where there is one. */
  readonly judgedBy: { readonly from: Expectation['from']; readonly target: string };
  /** Every kernel with modules; next: it boots next. */
  readonly kernels: readonly { readonly release: string; readonly next: boolean }[];
  readonly findings: readonly Finding[];
}
