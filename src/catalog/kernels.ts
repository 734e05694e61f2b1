import type { Method } from './methods.ts';
import type { Arch } from './types.ts';

type Range = { readonly from: string; readonly to: string };

/**
 * Oldest and newest kernel series, by method and architecture, between which our readers were booted and tried:
 * test/vm/{module.test,arm64.matrix,ebpf.matrix}.ts.
 */
export const PROVEN: Readonly<Partial<Record<Method['id'], Readonly<Partial<Record<Arch, Range>>>>>> = {
  module: { x86_64: { from: '5.10', to: '7.3' }, arm64: { from: '5.10', to: '6.12' } },
  ebpf: { x86_64: { from: '5.10', to: '7.3' } },
};
