import { FILE_CODES } from './codes/files.ts';
import { IMAGE_CODES } from './codes/image.ts';
import { MERGE_CODES } from './codes/merge.ts';
import { MODULE_CODES } from './codes/module.ts';
import { OUTPUT_CODES } from './codes/output.ts';
import { PACKER_CODES } from './codes/packer.ts';
import { PLAN_CODES } from './codes/plan.ts';
import { SPEC_CODES } from './codes/spec.ts';
import { START_CODES } from './codes/start.ts';
import type { Code } from './codes/types.ts';
import { UPKEEP_CODES } from './codes/upkeep.ts';

export type { Code } from './codes/types.ts';

/** Every code that toa-bake can print. They are public: a code never changes its meaning. */
export const CODES = {
  ...SPEC_CODES,
  ...PLAN_CODES,
  ...OUTPUT_CODES,
  ...FILE_CODES,
  ...MERGE_CODES,
  ...PACKER_CODES,
  ...IMAGE_CODES,
  ...MODULE_CODES,
  ...START_CODES,
  ...UPKEEP_CODES,
} as const satisfies Readonly<Record<string, Code>>;

/** A code that has a row in one of the tables: a problem with any other does not compile. */
export type CodeId = keyof typeof CODES;
