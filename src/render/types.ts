/** A file to write below the output directory. */
export interface Artifact {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly mode: 0o644 | 0o755;
  readonly content: string | Uint8Array;
}

/** Gives the text of a file of guest/ by its path below that folder. */
export type Guest = (source: string) => string;

/** Gives the text of a file of packer/ or terraform/ by its path from the package's root: "packer/build.pkr.hcl". */
export type Template = (source: string) => string;

/** Makes a gzip file of an ASCII text; the same text gives the same bytes. */
export type Compress = (text: string) => Uint8Array;

/** Files that the spec names by path, by their sha256, which was checked. */
export type Local = ReadonlyMap<string, Uint8Array>;

/** What the package carries, and how to make things small. */
export interface Sources {
  readonly guest: Guest;
  readonly template: Template;
  /** For clouds that take compressed user-data. */
  readonly compress: Compress;
  /** Wanted where a plan has such files and script or Packer template are rendered. */
  readonly local?: Local;
}
