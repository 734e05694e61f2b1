import { Ajv } from 'ajv';
import schema from '../receipt.schema.json' with { type: 'json' };
import type { Receipt } from './types.ts';

/** `code` is for scripts/build.mjs. */
export const ajv = new Ajv({ allowUnionTypes: true, code: { source: true, esm: true } });

/** Says whether data is a receipt as it is published. Compiled ahead like the spec's schema. */
export const isReceipt = ajv.compile<Receipt>(schema);
