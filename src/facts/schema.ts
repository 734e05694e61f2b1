import { Ajv } from 'ajv';
import schema from './facts.schema.json' with { type: 'json' };
import type { Facts } from './types.ts';

/** `code` is for scripts/build.mjs, which compiles the schema ahead: that takes longer than judging facts. */
export const ajv = new Ajv({ allowUnionTypes: true, code: { source: true, esm: true } });

/** Says whether data fits the published schema of facts, and leaves in `fitsSchema.errors` the first thing that does not. */
export const fitsSchema = ajv.compile<Facts>(schema);
