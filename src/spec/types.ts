import type { CodeId } from '../report/codes.ts';

/** What the user wrote, once it fits the schema. Fields are optional as in the file; defaults are the plan's business. */

export type MethodId = 'vtoa' | 'module' | 'source' | 'rpm' | 'prebuilt' | 'ebpf';

/** Whose option is believed: everybody's, or that of peers in these networks (CIDR, no host bits). */
export type Trust = 'any' | readonly string[];

export interface FileRef {
  readonly url?: string;
  readonly path?: string;
  readonly sha256: string;
  readonly role: 'source' | 'kernel' | 'firmware' | 'module';
  readonly release?: string;
  readonly layout?: Layout;
}

/** What is where in a source archive that is not laid out as the vendor page's. */
export interface Layout {
  readonly directory: string;
  readonly make?: readonly string[];
  readonly module?: string;
  readonly produces?: string;
}

/** Settings that may stand at the top, for every target, and in one target, for it alone. */
export interface Settings {
  readonly trust?: Trust;
  readonly option?: { readonly kinds: readonly number[] };
  readonly clouds?: readonly string[];
  readonly arch?: 'x86_64' | 'arm64';
  readonly secureBoot?: 'off' | 'enforced';
  readonly method?: MethodId | 'auto';
  readonly kernel?: { readonly onUpgrade?: 'rebuild' | 'hold' };
  readonly boot?: { readonly reboot?: 'if-needed' | 'never'; readonly onFailure?: 'continue' | 'fail' };
  readonly untrusted?: 'strip' | 'drop';
  readonly signing?: { readonly key?: string; readonly certificate?: string; readonly onMachine?: boolean };
  readonly payload?: { readonly url: string; readonly sha256?: string };
  readonly files?: readonly FileRef[];
}

export interface TargetSpec extends Settings {
  /** A target's id: "debian-12". */
  readonly os: string;
}

/** One entry of `targets`, with the place it came from and the defaults from the top merged in. */
export interface Wanted extends TargetSpec {
  readonly at: Path;
  /** Which settings the target states itself; the others were inherited from the top. */
  readonly own: readonly string[];
}

/** A schema-valid spec in normal form. */
export interface Spec {
  readonly wanted: readonly Wanted[];
}

/** Where in the document: `['targets', 2, 'method']`. */
export type Path = readonly (string | number)[];

/**
 * Something wrong with what the user gave us. Whoever finds it names a path; line and column (from 1) are attached in one
 * place, `locate`.
 */
export interface Problem {
  readonly code: CodeId;
  readonly severity: 'error' | 'warning';
  readonly path: Path;
  /** What is wrong, the value seen and what was expected, in one sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly line?: number;
  readonly column?: number;
}
