import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packaged } from '../../src/packaged.ts';
import { resolve } from '../../src/plan/resolve.ts';
import { renderUserData } from '../../src/render/cloud-init.ts';
import { render } from '../../src/render/index.ts';
import { parseNetwork } from '../../src/spec/formats.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import schema from '../../src/spec/spec.schema.json' with { type: 'json' };
import { inFolder, runCli } from '../support/cli.ts';
import { FIELDS, LOCAL } from '../support/spec-fields.ts';

/** Text that shells, YAML readers and terminals take for something else. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(
      ...' \t\n\r\0\u001b\u0085\u009b\u2028\u202e\u007f\ufeff\'"`$(){}[]<>&*!|;#%@\\:,?-~=/.0179af',
    ),
    maxLength: 30,
  }),
  fc.constantFrom(
    'no',
    'null',
    '~',
    '0x10',
    '010',
    '1e3',
    '2001-01-01',
    '<<',
    '=',
    '---',
    '...',
    '$(reboot)',
    '`id`',
    "'; reboot #",
    '\ud800',
    '__proto__',
    'constructor',
  ),
);
/** Networks, and what almost is one. */
const octet = fc.integer({ min: 0, max: 260 });
const network = fc.oneof(
  fc
    .tuple(octet, octet, octet, octet, fc.integer({ min: 0, max: 34 }))
    .map(([a, b, c, d, p]) => `${a}.${b}.${c}.${d}/${p}`),
  fc.integer({ min: 1, max: 223 }).map((a) => `${a}.0.0.0/8`),
  fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 130 })).map(([a, p]) => `${a}/${p}`),
  fc.stringMatching(/^[0-9a-f]{1,4}:[0-9a-f]{1,4}::\/48$/),
  fc.stringMatching(/^[0-9a-fA-F:.]{2,40}\/[0-9]{1,3}$/),
  fc.tuple(fc.constant('10.0.0.0/8'), nasty).map(([good, bad]) => good + bad),
);

/** What was taken rather than refused, for the readers of the other side to read back. */
const taken: { readonly trust: readonly string[]; readonly userData: string }[] = [];

/** Refuses with located problems, or renders; a guest of one line keeps it quick. */
function bake(text: string): void {
  const { spec, problems, locate } = parseSpec(text);
  const { plans, problems: later } = resolve(spec);
  const found = [...problems, ...later.map(locate)];
  for (const problem of found) {
    expect(problem.line).toBeGreaterThan(0);
    expect(problem.column).toBeGreaterThan(0);
    expect(problem.message).not.toBe('');
  }
  if (found.length > 0) return;
  expect(plans).not.toEqual([]);
  for (const plan of plans) {
    const { payload } = render(plan, { ...packaged, guest: () => '#!/bin/sh\n', local: LOCAL });
    taken.push({ trust: [plan.trust].flat(), userData: renderUserData(plan, payload) });
  }
}

describe('whatever string stands in a spec', () => {
  it.each(Object.entries(FIELDS))('%s: it is refused, or rendered', (_, specWith) => {
    fc.assert(
      fc.property(fc.oneof(nasty, network), (text) => bake(JSON.stringify(specWith(text)))),
      { numRuns: 60 },
    );
  });

  it('every field of the schema that takes a string is among them', () => {
    const text = JSON.stringify(Object.values(FIELDS).map((specWith) => specWith('x')));
    const properties = Object.values(schema.definitions).flatMap((d) =>
      'properties' in d ? Object.keys(d.properties) : [],
    );
    for (const key of [...Object.keys(schema.properties), ...properties]) {
      if (!['option', 'kinds', 'onMachine'].includes(key)) expect(text, key).toContain(`"${key}"`);
    }
  });

  it('a raw text of any kind is refused, or rendered', () => {
    const line = fc.oneof(
      nasty,
      fc.constantFrom(
        'version: 1',
        'trust: any',
        'targets: [debian-12]',
        'trust: &a [*a]',
        '- x',
        '&a',
        '*a',
        '? x',
        '%YAML 1.1',
        '---',
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => bake(lines.join('\n'))),
      { numRuns: 500 },
    );
  });

  it('what was rendered is read back as it was written, by the YAML reader that cloud-init uses', () => {
    const before = taken.length;
    for (const trust of ['any', '[198.18.7.0/24]', "['2001:db8::/32']", '[10.0.0.0/8, 192.168.0.0/16]'])
      bake(`{version: 1, trust: ${trust}, targets: [debian-12]}`);
    expect(taken.length).toBe(before + 4);
    const read = 'import json, sys, yaml; json.dump([yaml.safe_load(t) for t in json.load(sys.stdin)], sys.stdout)';
    const input = JSON.stringify(taken.map((t) => t.userData));
    const documents = JSON.parse(
      execFileSync('/usr/bin/python3', ['-c', read], { input, encoding: 'utf8', maxBuffer: 1e9 }),
    );
    for (const [i, { trust }] of taken.entries()) {
      const script = gunzipSync(Buffer.from(documents[i].write_files[0].content, 'base64')).toString();
      const files = unpack(script);
      expect(files.get('/etc/toa/trusted')).toBe(trust.map((text) => `${text}\n`).join(''));
      for (const text of trust) expect(text === 'any' || parseNetwork(text).ok).toBe(true);
      expect(files.get('/etc/toa/toa.env')).toMatch(/^(TOA_[A-Z_]+='[ -&(-~]*'\n)+$/);
      expect(files.get('/etc/toa/files') ?? '').toMatch(
        /^([a-z]+ [^ \n]+ [0-9a-f]{64} (https:[!-~]+|toa-files\/[\w.+-]+)\n)*$/,
      );
      expect(files.get('/etc/toa/toa.env')).toContain("TOA_TARGET='debian-12'\n");
    }
  });
});

describe('whatever string stands on the command line', () => {
  const argument = nasty.map((text) => text.replaceAll('\0', ''));
  const LINES: readonly ((text: string) => readonly string[])[] = [
    (text) => [text],
    (text) => ['plan', text],
    (text) => ['plan', '--', text],
    (text) => ['explain', '--', text],
    (text) => ['render', '--only', text],
    (text) => [`--${text}`],
    (text) => ['render', '-o', text, 'none.yaml'],
    (text) => ['init', '-o', `f${text.replaceAll('/', '_')}`],
    (text) => ['init', '-o', 'toa.yaml', '--os', text, '--trust', 'any'],
    (text) => ['init', '-o', 'toa.yaml', '--trust', text, 'any'],
  ];

  it.each(LINES.map((line) => [line('TEXT').join(' '), line] as const))('%s', async (_, line) => {
    await inFolder({}, (folder) =>
      fc.assert(
        fc.asyncProperty(argument, async (text) => {
          const { code, stdout, stderr } = await runCli(folder, line(text));
          expect([0, 1, 2]).toContain(code);
          expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u);
          if (code === 0 && line(text)[2] === 'toa.yaml') {
            expect(parseSpec(readFileSync(join(folder, 'toa.yaml'), 'utf8')).problems).toEqual([]);
          }
        }),
        { numRuns: 40 },
      ),
    );
  });
});

/** The files that install-toa.sh carries, by its own grammar. */
function unpack(script: string): ReadonlyMap<string, string> {
  const [, , ...lines] = script.slice(script.indexOf('\n# --- files ---\n') + 1).split('\n');
  const files = new Map<string, string>();
  for (let i = 0; lines[i]; ) {
    const [, , count = '', path = ''] = (lines[i] ?? '').split(' ');
    files.set(
      path,
      lines
        .slice(i + 1, i + 1 + Number(count))
        .map((text) => `${text}\n`)
        .join(''),
    );
    i += 1 + Number(count);
  }
  return files;
}
