/** Whatever string stands in a spec: refused, or rendered to what every reader takes for data, and run for real in a container root. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packaged } from '../../src/packaged.ts';
import { resolve } from '../../src/plan/resolve.ts';
import type { Plan } from '../../src/plan/types.ts';
import { type Rendered, render } from '../../src/render/index.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { installContained } from '../support/container.ts';
import { KERNEL, SHELLS, type Shell } from '../support/fakeroot.ts';
import { parseHcl } from '../support/hcl.ts';
import { fake, validate } from '../support/setup.ts';
import { FIELDS, LOCAL } from '../support/spec-fields.ts';

/** Each would write /canary, or break out of what it stands in. */
const PIECES = [
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are a shell's, Terraform's and Packer's
  ...[
    '$(touch${IFS}/canary)',
    '`touch${IFS}/canary`',
    ';touch${IFS}/canary;',
    '|touch${IFS}/canary&',
    '&&touch${IFS}/canary',
  ],
  ...[
    '$(touch /canary)',
    "'; touch /canary; '",
    '"; touch /canary; "',
    "'\ntouch /canary\n'",
    '$((x[$(touch${IFS}/canary)]))',
  ],
  ...['${file("/etc/passwd")}', '%{if true}', '{{ build `ID` }}', '$${', '"\n}\nlocals {', '<<EOT', '/*', '#'],
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
  ...[
    '\nruncmd: [touch /canary]\n',
    ': &a [*a]',
    '!!python/object/apply:os.system ["touch /canary"]',
    '---\n',
    '\u2028',
  ],
  ...[
    "'\nTOA_METHOD='ebpf",
    "'",
    '\\',
    '%',
    '../../../canary',
    '-e',
    ' ',
    '*',
    '~',
    '\nmodule - 0 https://example.com/\n',
  ],
] as const;
/** What a value may have to begin or end with to be taken at all. */
const STARTS = ['', '', 'https://example.com/', 'https://example.com/?', 'A=', 'a', '/', '10.0.0.0/8', KERNEL] as const;
const hostile = fc
  .tuple(
    fc.constantFrom(...STARTS),
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...PIECES) },
        { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    fc.constantFrom('', '', 'x', '.ko'),
  )
  .map(([start, pieces, end]) => start + pieces.join('') + end);

/** What the schema cannot refuse altogether, since it is somebody's address or file. */
const FREE: readonly string[] = ['payload.url', 'files[0].url', 'files[0].path', 'signing.key', 'signing.certificate'];

/** The plan of a spec that is taken; undefined: it is refused. */
function planOf(spec: unknown): Plan | undefined {
  const { spec: parsed, problems } = parseSpec(JSON.stringify(spec));
  const { plans, problems: later } = resolve(parsed);
  return [...problems, ...later].some(({ severity }) => severity === 'error') ? undefined : plans[0];
}

/** Names of all blocks and attributes, however deep; of text only that it is text. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shape(item)]));
}

/** What Packer, Terraform and cloud-init read. */
async function readBack({ artifacts, payload }: Rendered): Promise<unknown> {
  const shapes: Record<string, unknown> = {};
  for (const { path, content } of artifacts) {
    const name = path.replace(/^.*?\//, '');
    if (/\.(hcl|tf|tfvars)$/.test(name)) shapes[name] = shape(await parseHcl('x.hcl', String(content)));
    if (!name.endsWith('/user-data')) continue;
    const { write_files, ...rest } = parse(String(content), { version: '1.1' });
    expect(gunzipSync(Buffer.from(write_files[0].content, 'base64')).toString()).toBe(payload.carried);
    shapes[name] = { write_files: shape(write_files), ...rest };
  }
  return shapes;
}

/** Nothing outside of the machine is written, and its receipt is JSON. */
async function runForReal(shell: Shell, { artifacts, payload: { carried } }: Rendered): Promise<void> {
  const machine = fake(shell, { commands: ['gcc', 'make', 'strip', 'python3', 'curl'], steer: { vendor: '' } });
  for (const { path, content } of artifacts.filter((artifact) => artifact.path.includes('/script/toa-files/'))) {
    const beside = join(dirname(machine.root), path.replace(/^.*\/script\//, ''));
    mkdirSync(dirname(beside), { recursive: true });
    writeFileSync(beside, content);
  }
  const run = await installContained(machine, carried);
  expect(run.written, run.stderr).toEqual([]);
  // 12: nobody has brought the key.
  expect([0, 10, 11, 12, 14, 17], run.stderr).toContain(run.code);
  expect(validate(JSON.parse(machine.read('/var/lib/toa/receipt.json')))).toBe(true);
}

describe('whatever string stands in a spec', () => {
  it.each(Object.entries(FIELDS))('%s: refused, or data to every reader', async (name, specWith) => {
    const free = FREE.includes(name);
    const taken = new Set<string>();
    const benign = planOf(specWith(name.endsWith('url') ? 'https://example.com/' : 'plain'));
    await fc.assert(
      fc.asyncProperty(hostile, async (piece) => {
        const text = name.endsWith('url') ? `https://example.com/${piece}` : piece;
        const plan = planOf(specWith(text));
        if (!plan) return;
        if (!free) expect(text).toMatch(/^[\w.+~:,/@=-]*$/);
        taken.add(text);
        const seen = await readBack(render(plan, { ...packaged, local: LOCAL }));
        if (benign) expect(seen).toEqual(await readBack(render(benign, { ...packaged, local: LOCAL })));
      }),
      { numRuns: 200 },
    );
    if (!free) return;
    expect(taken.size).toBeGreaterThan(5);
    const worst = [...taken].sort((a, b) => Number(b.includes('canary')) - Number(a.includes('canary')));
    for (const [index, text] of worst.slice(0, 6).entries()) {
      const plan = planOf(specWith(text));
      if (plan) await runForReal(SHELLS[index % SHELLS.length] ?? 'dash', render(plan, { ...packaged, local: LOCAL }));
    }
  });

  it('is run where a command that it hides would be seen', async () => {
    const machine = fake('dash');
    const { written } = await installContained(machine, 'eval "true $(touch /canary)"\n', []);
    expect(written).toEqual(['./canary']);
  });
});
