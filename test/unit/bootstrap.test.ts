/** User-data that fetches install-toa.sh: what it carries, and that it stays small. */

import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packaged } from '../../src/packaged.ts';
import { resolve } from '../../src/plan/resolve.ts';
import { TARGETS } from '../../src/plan/targets.ts';
import { type Rendered, render } from '../../src/render/index.ts';
import { parseSpec } from '../../src/spec/parse.ts';

const URL = 'https://example.com/toa/$(reboot)/install-toa.sh?a=b&c=%20';
const MANY = Array.from({ length: 6000 }, (_, i) => `11.${i >> 8}.${i & 255}.0/30`);

function rendered(id: string, more: object, theirs?: string): Rendered {
  const spec = {
    version: 1,
    trust: ['198.18.7.0/24'],
    clouds: ['aws-ec2', 'tencent-cvm'],
    targets: [{ os: id, method: 'module' }],
    ...more,
  };
  const [plan] = resolve(parseSpec(JSON.stringify(spec)).spec).plans;
  if (!plan) throw new Error(`no plan for ${id}`);
  const given = theirs === undefined ? undefined : { bytes: Buffer.from(theirs), name: 'theirs' };
  return render(plan, packaged, undefined, given);
}

const payload = { url: URL };
const textOf = ({ artifacts }: Rendered, path: string): string =>
  String(artifacts.find((artifact) => artifact.path.endsWith(path))?.content);

describe('user-data that fetches its payload', () => {
  it.each(TARGETS.filter(({ cloudInit }) => cloudInit).map(({ id }) => id))(
    '%s: has less than 4 KB, and is what Terraform hands over',
    (id) => {
      const seen = rendered(id, { payload });
      expect(seen.problems).toEqual([]);
      const text = textOf(seen, '/cloud-init/user-data');
      expect(text.length).toBeLessThan(4096);
      expect(textOf(seen, '/terraform/user-data')).toBe(text);
    },
  );

  it('is as small with any trust list; without, it is too large, and the message names the way out', () => {
    const small = textOf(rendered('debian-12', { payload, trust: MANY }), '/cloud-init/user-data');
    expect(small.length).toBeLessThan(4096);
    const { problems } = rendered('debian-12', { trust: MANY });
    expect(problems.map(({ code }) => code)).toEqual(['size/limit', 'size/limit']);
    for (const { hint } of problems) expect(hint).toContain('payload: {url: https://…}');
  });

  it('carries a program that knows the script: where it is, its hash, its size, and the plan for the receipt', () => {
    const seen = rendered('debian-12', { payload });
    const script = textOf(seen, '/script/install-toa.sh');
    const { write_files, runcmd } = parse(textOf(seen, '/cloud-init/user-data'), { version: '1.1' });
    expect(runcmd).toEqual([['sh', write_files[0].path, 'all']]);
    const [program = '', known = ''] = gunzipSync(Buffer.from(write_files[0].content, 'base64'))
      .toString()
      .split('# --- fetch ---\n');
    expect(program).toMatch(/^#!\/bin\/sh\n/);
    // Nothing of the spec is in what a shell reads.
    expect(program).toBe(
      gunzipSync(
        Buffer.from(
          parse(textOf(rendered('rocky-9', { payload, trust: 'any' }), '/cloud-init/user-data')).write_files[0].content,
          'base64',
        ),
      )
        .toString()
        .split('# --- fetch ---\n')[0],
    );
    const lines = Object.fromEntries(
      known
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ (.*)/, 2)),
    );
    expect(lines).toMatchObject({ url: URL, sha256: createHash('sha256').update(script).digest('hex') });
    expect(Number(lines.blocks) * 512).toBeGreaterThan(script.length);
    expect(Number(lines.blocks) * 512).toBeLessThan(script.length + 1024);
    expect(JSON.parse(`{${lines.receipt.slice(0, -1)}}`)).toEqual({
      payload: seen.payload.sha256,
      target: 'debian-12',
      method: 'module',
      kinds: [254],
    });
  });

  it('is merged with theirs as any other; what is then too large is theirs', () => {
    const small = rendered('debian-12', { payload }, '#!/bin/sh\necho theirs\n');
    expect(small.problems).toEqual([]);
    expect(textOf(small, '/cloud-init/user-data.mime').length).toBeLessThan(5000);
    const large = rendered('debian-12', { payload, clouds: ['tencent-cvm'] }, `#!/bin/sh\n# ${'x'.repeat(20_000)}\n`);
    expect(large.problems).toMatchObject([
      { code: 'size/limit', hint: "shorten your own user-data: toa-bake's share is fetched already" },
    ]);
    expect(large.problems[0]?.message).not.toContain('Biggest');
  });

  it('takes the hash of what is served where it is right, and names both where it is not', () => {
    const { scriptSha256 } = rendered('debian-12', { payload }).payload;
    expect(rendered('debian-12', { payload: { url: URL, sha256: scriptSha256 } }).problems).toEqual([]);
    const [problem] = rendered('debian-12', { payload: { url: URL, sha256: '0'.repeat(64) } }).problems;
    expect(problem).toMatchObject({ code: 'payload/sha256', severity: 'error', path: ['payload', 'sha256'] });
    expect(problem?.message).toMatch(new RegExp(`0{64}.*${scriptSha256}`));
  });
});
