import type { Cloud } from '../catalog/clouds.ts';
import type { GuestFile } from '../catalog/guest.ts';
import type { Method } from '../catalog/methods.ts';
import type { FileRef, Path, Problem } from '../spec/types.ts';
import type { Target } from './targets.ts';

/** A decision, with the reason a person can check. */
export interface Choice {
  /** What was decided: "method". */
  readonly what: string;
  readonly value: string;
  readonly why: string;
}

/** A file that the method takes from elsewhere. */
export interface Pinned extends FileRef {
  /** Where in the spec. */
  readonly at: Path;
}

/** The key that signs: brought for one run, brought to stay, or made by the machine itself. */
export type Signing =
  | { readonly key: 'made' }
  | {
      readonly key: 'once' | 'kept';
      /** As the spec has it: paths where packer runs. */
      readonly brought: { readonly path: string; readonly certificate: string; readonly at: Path };
    };

/** What will be true on one target. Plain data: renderers make it true, checks compare a machine with it. */
export interface Plan {
  /** Version of this shape. */
  readonly plan: 1;
  /** The target's folder and name in output: its id, with the architecture where that is not x86_64. */
  readonly id: string;
  readonly target: Target;
  readonly arch: NonNullable<Target['arches'][number]>;
  /** As `uname -m` says it. */
  readonly machine: string;
  readonly method: Method['id'];
  readonly module: string | null;
  /** Whether every kernel series of the target is inside the range that was booted and probed in our tests. */
  readonly proven: boolean;
  /** The kernel series toa-setup accepts on the machine; null: whatever runs, since the user insisted. */
  readonly kernelRange: { readonly from: string; readonly to: string } | null;
  readonly kinds: readonly number[];
  /** What must be installed to build and sign, besides the kernel's headers. */
  readonly buildPackages: readonly string[];
  /** Networks whose option is believed, in the user's order; 'any': everybody's. */
  readonly trust: 'any' | readonly string[];
  /** What the packet filter does about the option from elsewhere; null: there is none, since the reader keeps to the list, or everybody is believed. */
  readonly untrusted: 'strip' | 'drop' | null;
  readonly onUpgrade: 'rebuild' | 'hold';
  readonly reboot: 'if-needed' | 'never';
  readonly onFailure: 'continue' | 'fail';
  readonly secureBoot: 'off' | 'enforced';
  /** Who signs what is built on the machine; null: nobody. */
  readonly signing: Signing | null;
  /** What the method takes from elsewhere; empty for most. */
  readonly pinned: readonly Pinned[];
  /** Where user-data fetches install-toa.sh from, and what the user says of it; null: user-data carries it. */
  readonly payload: { readonly url: string; readonly sha256?: string; readonly at: Path } | null;
  readonly clouds: readonly Cloud[];
  /** What travels to the machine. */
  readonly files: readonly GuestFile[];
  readonly choices: readonly Choice[];
  readonly warnings: readonly Problem[];
}
