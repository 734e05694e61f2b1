import type { Arch } from './types.ts';

/** Oldest and newest kernel series, by architecture, between which our module was booted and tried: test/vm/{module.test,arm64.matrix}.ts. */
export const PROVEN: Readonly<Partial<Record<Arch, { readonly from: string; readonly to: string }>>> = {
  x86_64: { from: '5.10', to: '7.3' },
  arm64: { from: '5.10', to: '6.12' },
};
