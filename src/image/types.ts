/** What was looked for: it is there, it is not there, or nobody could look. The last is never taken for one of the others. */
export type Look<T> =
  | { readonly state: 'known'; readonly value: T }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown'; readonly why: string };

export type FileType = 'file' | 'directory' | 'symlink' | 'other';

/** What a directory entry is. Times are left out: nothing is judged by them. */
export interface Stat {
  readonly type: FileType;
  /** Permission bits, `0o755`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
}

export type ReaderKind = 'directory' | 'tar' | 'disk' | 'host' | 'ssh' | 'boot';

/**
 * A way to look at a machine's files: absolute paths of that machine, read-only. Every answer is a Look: a reader does not throw
 * because of what it reads. Links are followed inside the machine only, at most 40 of them.
 */
export interface Reader {
  readonly kind: ReaderKind;
  /** What the user named, as it is printed. */
  readonly what: string;
  /** The machine runs: /proc and /sys are there and speak of it. */
  readonly live: boolean;
  /** What the path leads to, after all links. */
  readonly stat: (path: string) => Promise<Look<Stat>>;
  /** What the path itself is: its last part is not followed. */
  readonly lstat: (path: string) => Promise<Look<Stat>>;
  /** Where a link points, as it is written. Absent: no such path, or no link. */
  readonly readlink: (path: string) => Promise<Look<string>>;
  /** Names in a directory, sorted, without `.` and `..`. Unknown for what is not a directory, and for more than 100,000 names. */
  readonly list: (path: string) => Promise<Look<readonly string[]>>;
  /** A file's content. Unknown for a file over `limit` bytes, or that is not a regular file (in /proc and /sys: that cannot be read). */
  readonly read: (path: string, limit?: number) => Promise<Look<Uint8Array>>;
  /** `length` bytes of a file from `offset` on, fewer at its end; else as `read`. */
  readonly part: (path: string, offset: number, length: number) => Promise<Look<Uint8Array>>;
  /** Runs a program on the machine: only where that is possible, and never with a shell of its own. */
  readonly run?: (argv: readonly string[], input?: Uint8Array) => Promise<Look<Output>>;
  /** Bytes that were read from the image so far; what the benchmark reports. */
  readonly bytesRead: () => number;
  readonly close: () => Promise<void>;
}

/** What a program on the machine answered. */
export interface Output {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}
