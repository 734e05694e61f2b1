import type { Look } from '../../image/types.ts';
import type { BootLoader } from '../types.ts';

/** What a boot loader could start, as its configuration says it. */
export interface Entry {
  readonly title: string;
  readonly id: string;
  /** Kernel or EFI program, as it is written: mostly seen from another partition's root. Null: this entry starts something else. */
  readonly kernel: string | null;
  readonly commandLine: string;
}

/** One configuration of a boot loader. */
export interface BootConfig {
  readonly loader: BootLoader;
  /** In the loader's order, submenus flattened. */
  readonly entries: readonly Entry[];
  /** What starts without anybody's hand, and what says so. */
  readonly chosen: Look<{ readonly entry: Entry; readonly why: string }>;
}
