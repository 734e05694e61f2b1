import type { ErrorObject } from 'ajv';
import { parseNetwork } from './formats.ts';
import { nearest } from './nearest.ts';
import { fitsSchema } from './schema.ts';
import type { Path, Problem } from './types.ts';

/** What in `data` does not fit the schema, in words; empty if it fits. More than so many nobody mends in one go. */
export function validateSchema(data: unknown): Problem[] {
  if (fitsSchema(data)) return [];
  return (fitsSchema.errors ?? []).slice(0, 1000).map(describe);
}

/** How a value is shown in a message: JSON, control characters escaped, cut where it is long. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** A path as people write it: `targets[2].method`. */
export function showPath(path: Path): string {
  return (
    path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('') || 'the spec'
  );
}

type Describe = (error: ErrorObject, where: string) => Pick<Problem, 'code' | 'message' | 'hint'>;

const DESCRIBE: Readonly<Record<string, Describe>> = {
  additionalProperties: ({ params, parentSchema }, where) => {
    const known = Object.keys((parentSchema as { properties: object }).properties);
    const key: string = params.additionalProperty;
    return {
      code: 'spec/unknown-key',
      message: `${where}: unknown key ${show(key)}; known are ${known.join(', ')}`,
      hint: key === '<<' ? NO_MERGE : `did you mean ${nearest(key, known)}?`,
    };
  },
  required: ({ params, data }, where) => ({
    code: 'spec/missing',
    message: `${where}: ${params.missingProperty} is missing; found ${show(data)}`,
    hint: MISSING[params.missingProperty] ?? `add ${params.missingProperty}`,
  }),
  type: ({ data, params }, where) => ({
    code: 'spec/type',
    message: `${where} is ${show(data)}; expected ${[params.type].flat().map(inYaml).join(' or ')}`,
  }),
  enum: ({ data, params }, where) => {
    const allowed: unknown[] = params.allowedValues;
    const hint = typeof data === 'string' ? `did you mean ${nearest(data, allowed.map(String))}?` : undefined;
    return {
      code: 'spec/value',
      message: `${where} is ${show(data)}; expected ${allowed.length > 1 ? 'one of ' : ''}${allowed.join(', ')}`,
      ...(hint && { hint }),
    };
  },
  const: ({ data, params }, where) => ({
    code: 'spec/value',
    message: `${where} is ${show(data)}; expected ${show(params.allowedValue)}`,
  }),
  format: ({ data, params }, where) => FORMAT[params.format]?.(String(data), where) ?? unreachable(params.format),
  pattern: ({ data, params }, where) =>
    params.pattern === '^any$'
      ? {
          code: 'spec/network',
          message: `${where} is ${show(data)}; expected a list of networks or the word any`,
          hint: parseNetwork(String(data)).ok
            ? `write trust: [${data}]`
            : 'write trust: [203.0.113.0/24] with the networks of your scrubbing service',
        }
      : {
          code: 'spec/value',
          message: `${where} is ${show(data)}; expected letters, digits and . _ + ~ - as in a kernel release (3.10.0-957.el7.x86_64)`,
        },
  minItems: (_, where) => ({ code: 'spec/value', message: `${where} is []; expected at least one entry` }),
  minLength: (_, where) => ({ code: 'spec/value', message: `${where} is ""; expected some text` }),
  uniqueItems: ({ data, params }, where) => ({
    code: 'spec/value',
    message: `${where} lists ${show((data as unknown[])[params.i])} twice; expected each entry once`,
  }),
  maxItems: ({ data, params }, where) => ({
    code: 'spec/value',
    message: `${where} has ${(data as unknown[]).length} entries; expected at most ${params.limit}`,
  }),
  maxLength: ({ data, params }, where) => ({
    code: 'spec/value',
    message: `${where} has ${String(data).length} characters; expected at most ${params.limit}`,
  }),
};

const MISSING: Readonly<Record<string, string>> = {
  trust:
    'list the networks of your scrubbing service (trust: [203.0.113.0/24]), or write trust: any if everybody may name its own address',
  sha256: 'pin the file: sha256sum FILE prints the value',
  version: 'write version: 1',
  targets: 'list at least one target, such as debian-12; `toa-bake targets` lists them all',
  os: 'name the distribution, such as os: debian-12',
};

const NO_MERGE =
  'merge keys are not part of YAML 1.2: write the settings out, or at the top, where they are the defaults of every target';

const FORMAT: Readonly<Record<string, (seen: string, where: string) => ReturnType<Describe>>> = {
  network: (seen, where) => {
    const network = parseNetwork(seen);
    return network.ok
      ? unreachable(seen)
      : {
          code: 'spec/network',
          message: `${where} is ${show(seen)}, which ${network.why}; expected a network in CIDR form`,
          hint: network.hint,
        };
  },
  'https-url': (seen, where) => ({
    code: 'spec/url',
    message: `${where} is ${show(seen)}; expected an https:// address without user, password or fragment`,
    hint: 'plain http can be changed on the way, before its hash is even known to be right; serve the file by https',
  }),
  sha256: (seen, where) => ({
    code: 'spec/sha256',
    message: `${where} is ${show(seen)}; expected 64 hexadecimal digits in lower case`,
    hint: 'sha256sum FILE prints the value',
  }),
  'file-path': (seen, where) => ({
    code: 'spec/value',
    message: `${where} is ${show(seen)}; expected a path without control characters`,
  }),
  'inner-path': (seen, where) => ({
    code: 'spec/value',
    message: `${where} is ${show(seen)}; expected a path inside the archive, of letters, digits and . _ + / -, without ..`,
  }),
  'make-variable': (seen, where) => ({
    code: 'spec/value',
    message: `${where} is ${show(seen)}; expected NAME=value as one word of letters, digits and . _ , / + = @ : -`,
  }),
  'module-name': (seen, where) => ({
    code: 'spec/value',
    message: `${where} is ${show(seen)}; expected a module's name as lsmod shows it, such as toa`,
  }),
};

function describe(error: ErrorObject): Problem {
  const path = fromPointer(error.instancePath, error.params);
  const place = error.keyword === 'additionalProperties' ? path.slice(0, -1) : path;
  const say = DESCRIBE[error.keyword] ?? unreachable(error.keyword);
  return { severity: 'error', path, ...say(error, showPath(place)) };
}

/** Ajv's JSON pointer as a path; an unknown key and a doubled entry are themselves the place. */
function fromPointer(pointer: string, params: ErrorObject['params']): Path {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((s) => (/^\d+$/.test(s) ? Number(s) : s));
  if (typeof params.additionalProperty === 'string') return [...steps, params.additionalProperty];
  if (typeof params.i === 'number' && typeof params.j === 'number') return [...steps, params.i];
  return steps;
}

/** JSON Schema's types in the words of YAML. */
function inYaml(type: string): string {
  return TYPES[type] ?? unreachable(type);
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'a mapping (key: value)',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
};

function unreachable(what: string): never {
  throw new Error(`the schema uses ${what}, which has no message`);
}
