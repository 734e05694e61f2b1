import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CLOUDS } from '../../src/catalog/clouds.ts';
import { METHODS } from '../../src/catalog/methods.ts';
import { formats } from '../../src/spec/formats.ts';
import schema from '../../src/spec/spec.schema.json' with { type: 'json' };

const example = parse(readFileSync(new URL('../../examples/toa.yaml', import.meta.url), 'utf8'));

describe('the published schema', () => {
  it('is valid draft-07', () => {
    const ajv = new Ajv();
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect([ajv.validateSchema(schema), ajv.errors]).toEqual([true, null]);
    expect(ajv.validateSchema({ ...schema, required: 'trust' })).toBe(false);
  });

  it('takes the example, and not one without trust', () => {
    const fits = new Ajv({ formats, allowUnionTypes: true }).compile(schema);
    expect([fits(example), fits.errors]).toEqual([true, null]);
    expect(fits({ ...example, trust: undefined })).toBe(false);
  });

  it('takes the example in an editor, which knows none of our formats', () => {
    expect(new Ajv({ strict: false, validateFormats: false }).compile(schema)(example)).toBe(true);
  });

  it("names the catalog's clouds and methods", () => {
    const { clouds, method } = schema.definitions;
    expect(clouds.items.enum).toEqual(CLOUDS.map((cloud) => cloud.id));
    expect([...method.enum].sort()).toEqual(['auto', ...METHODS.map((m) => m.id)].sort());
  });
});
