// Writes the published schemas of what toa-bake prints, from its types: node scripts/schemas.mjs [--check]
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createGenerator } from 'ts-json-schema-generator';

const SCHEMAS = [
  {
    path: 'src/facts/facts.schema.json',
    types: 'src/facts/types.ts',
    type: 'Facts',
    title: 'toa-bake facts',
    description: 'What `toa-bake facts` prints: what a machine is, without opinions.',
    // The receipt and the probe's answer are kept as the machine has them, with all that they say.
    more: true,
  },
  {
    path: 'src/report/report.schema.json',
    types: 'src/report/types.ts',
    type: 'Report',
    title: 'toa-bake report',
    description: 'What `toa-bake validate --format json` prints.',
  },
];

function generate({ path, types, type, title, description, more = false }) {
  const { $schema, definitions, ...root } = createGenerator({
    path: types,
    type,
    tsconfig: 'tsconfig.json',
    skipTypeCheck: true,
    topRef: false,
    encodeRefs: false,
    additionalProperties: more,
  }).createSchema(type);
  const $id = `https://toa-bake.invalid/${path.split('/').at(-1)}`;
  const named = Object.entries(definitions).filter(([name]) => !isAnonymous(name));
  const inlined = inline({ ...root, definitions: { ...Object.fromEntries(named), ...LOOK } }, definitions);
  return execFileSync('node_modules/.bin/biome', ['format', `--stdin-file-path=${path}`], {
    input: JSON.stringify({ $schema, $id, title, description, ...inlined }, null, 2),
    encoding: 'utf8',
  });
}

/** The generator names some types by their place in the source: every edit would rename them. They are written out instead. */
function isAnonymous(name) {
  return /[<(]/.test(name);
}

/** What every Look may be besides known. */
const LOOK = {
  Absent: object({ state: { const: 'absent' } }, 'It is not there.'),
  Unknown: object({ state: { const: 'unknown' }, why: { type: 'string' } }, 'Nobody could look, and why.'),
};

function object(properties, description) {
  return { description, type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

function inline(node, definitions) {
  if (Array.isArray(node)) return node.map((item) => inline(item, definitions));
  if (typeof node !== 'object' || node === null) return node;
  const name = node.$ref?.replace('#/definitions/', '');
  if (name && isAnonymous(name)) {
    const { description: _, ...target } = definitions[name];
    const { $ref: __, ...own } = node;
    return inline({ ...target, ...own }, definitions);
  }
  const state = node.properties?.state?.const;
  if (state === 'absent' && !node.description) return { $ref: '#/definitions/Absent' };
  if (state === 'unknown' && !node.description) return { $ref: '#/definitions/Unknown' };
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, inline(value, definitions)]));
}

const stale = SCHEMAS.filter((schema) => {
  const text = generate(schema);
  const isStale = !existsSync(schema.path) || readFileSync(schema.path, 'utf8') !== text;
  if (isStale && !process.argv.includes('--check')) writeFileSync(schema.path, text);
  return isStale;
});
for (const { path } of stale)
  console.log(`${path} ${process.argv.includes('--check') ? 'is not what the types say' : 'written'}`);
process.exitCode = process.argv.includes('--check') && stale.length > 0 ? 1 : 0;
