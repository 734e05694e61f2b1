import { _, Ajv } from 'ajv';
import { formats } from './formats.ts';
import schema from './spec.schema.json' with { type: 'json' };

/** Everything wrong is wanted, with the value seen; `code` is for scripts/build.mjs. */
export const ajv = new Ajv({
  allErrors: true,
  verbose: true,
  allowUnionTypes: true,
  formats,
  code: { source: true, esm: true, formats: _`formats` },
});

/**
 * Says whether data fits the published schema, and leaves in `fitsSchema.errors` what does not. Compiling it takes longer than
 * all the rest of a run, so scripts/build.mjs does that ahead, from this very module, and bundles the outcome in its place.
 */
export const fitsSchema = ajv.compile(schema);
