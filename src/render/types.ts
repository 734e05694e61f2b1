/** A file to write below the output directory. */
export interface Artifact {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly mode: 0o644 | 0o755;
  readonly content: string;
}

/** Gives the text of a file of guest/ by its path below that folder. */
export type Guest = (source: string) => string;
