/** The library: the same straight flow as the program's, without reading or writing files. */

export { packaged, smallestGzip } from './packaged.ts';
export { resolve } from './plan/resolve.ts';
export { findTarget, TARGETS, type Target } from './plan/targets.ts';
export type { Choice, Pinned, Plan } from './plan/types.ts';
export { KINDS, type Kind, type Rendered, render } from './render/index.ts';
export type { Artifact, Compress, Guest, Local, Sources, Template } from './render/types.ts';
export { CODES, type Code } from './report/codes.ts';
export { type ParsedSpec, parseSpec } from './spec/parse.ts';
export type { Problem, Spec } from './spec/types.ts';
