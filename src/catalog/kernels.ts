import type { Arch } from './types.ts';

/** Oldest and newest kernel series, by architecture, between which our module was booted and probed: test/vm/module.test.ts. */
export const PROVEN: Readonly<Partial<Record<Arch, { readonly from: string; readonly to: string }>>> = {
  x86_64: { from: '5.10', to: '7.3' },
};
