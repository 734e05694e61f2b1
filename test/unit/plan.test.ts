import { describe, expect, it } from 'vitest';
import { packaged } from '../../src/packaged.ts';
import { resolve } from '../../src/plan/resolve.ts';
import { compareSeries, isWithin } from '../../src/plan/series.ts';
import { TARGETS } from '../../src/plan/targets.ts';
import type { Plan } from '../../src/plan/types.ts';
import { render } from '../../src/render/index.ts';
import { parseSpec } from '../../src/spec/parse.ts';

/** The plans of a spec with these lines, and the codes of what is wrong with it. */
function plan(lines: string): { readonly plans: readonly Plan[]; readonly codes: readonly string[] } {
  const parsed = parseSpec(`version: 1\ntrust: [198.18.7.0/24]\n${lines}\n`);
  const { plans, problems } = resolve(parsed.spec);
  return { plans, codes: [...parsed.problems, ...problems].map((p) => p.code) };
}

function only(lines: string): Plan {
  const { plans, codes } = plan(lines);
  const [one] = plans;
  if (!one || plans.length > 1) throw new Error(`expected one plan: ${codes.join(', ')}`);
  return one;
}

describe('the method', () => {
  it('auto picks what was proven', () => {
    expect(only('targets: [debian-12]')).toMatchObject({
      method: 'module',
      proven: true,
      kernelRange: { from: '5.10' },
    });
  });

  it('auto refuses a kernel that was never booted, and the user may insist', () => {
    expect(plan('targets: [centos-7]').codes).toEqual(['target/no-method']);
    const insisted = only('targets: [{os: centos-7, method: module}]');
    expect(insisted).toMatchObject({ method: 'module', proven: false, kernelRange: null });
    expect(insisted.choices[0]?.why).toContain('unproven on 3.10');
  });

  it('is proven for each architecture by itself', () => {
    expect(plan('targets: [{os: debian-13, arch: arm64}]').codes).toEqual(['target/no-method']);
    expect(only('targets: [{os: debian-13, arch: arm64, method: module}]')).toMatchObject({
      id: 'debian-13-arm64',
      machine: 'aarch64',
      proven: false,
    });
  });

  it("auto picks a distribution's own reader, which knows no list", () => {
    expect(only('targets: [alinux-3]')).toMatchObject({ method: 'vtoa', untrusted: 'strip' });
    expect(plan('targets: [{os: alinux-3, trust: any}]').plans[0]).toMatchObject({
      ...{ method: 'vtoa', module: 'vtoa', proven: false, kernelRange: null, trust: 'any' },
    });
    expect(only('targets: [{os: alinux-3, method: module}]')).toMatchObject({ method: 'module', proven: true });
    expect(plan('targets: [{os: alinux-3, trust: any, secureBoot: enforced}]').codes).toEqual([]);
  });

  it('a reader that believes everybody gets a packet filter, unless everybody is to be believed', () => {
    const filter = 'filter.sh';
    const files = (entry: string) => only(`targets: [{os: alinux-3, ${entry}}]`).files.map(({ source }) => source);
    expect(files('method: vtoa')).toContain(filter);
    expect(files('method: module')).not.toContain(filter);
    for (const trust of ['any', '[0.0.0.0/0]']) expect(files(`method: vtoa, trust: ${trust}`)).not.toContain(filter);
    expect(only('targets: [{os: alinux-3, untrusted: drop}]')).toMatchObject({ untrusted: 'drop' });
  });

  it('untrusted: drop where nothing would drop is said', () => {
    const warned = (entry: string) => only(`targets: [{os: alinux-3, ${entry}}]`).warnings.map(({ code }) => code);
    expect(warned('method: vtoa, untrusted: drop')).toEqual([]);
    expect(warned('method: module, untrusted: strip')).toEqual([]);
    expect(warned('method: module, untrusted: drop')).toEqual(['target/untrusted']);
    expect(warned('method: vtoa, trust: any, untrusted: drop')).toContain('target/untrusted');
  });

  it('IPv4 in the dress of IPv6 is IPv4 in the plan', () => {
    const { trust } = only('targets: [{os: debian-12, trust: ["::ffff:100.64.0.0/106", "64:ff9b::/96"]}]');
    expect(trust).toEqual(['100.64.0.0/10', '64:ff9b::/96']);
    const everybody = only('targets: [{os: debian-12, trust: ["::ffff:0:0/96"]}]');
    expect([everybody.trust, everybody.warnings.map(({ code }) => code)]).toEqual(['any', ['trust/any']]);
  });

  it('is the programs where Secure Boot would refuse a module', () => {
    expect(only('secureBoot: enforced\ntargets: [debian-12]')).toMatchObject({
      ...{ method: 'ebpf', module: null, proven: true, kernelRange: { from: '5.10', to: '7.3' } },
    });
    expect(plan('secureBoot: enforced\ntargets: [{os: debian-13, arch: arm64}]').codes).toEqual(['target/no-method']);
    expect(plan('secureBoot: enforced\ntargets: [centos-7]').codes).toEqual(['target/secure-boot']);
  });

  it('programs keep to a list, and are there for kernels that have them', () => {
    expect(only('targets: [{os: debian-12, method: ebpf}]')).toMatchObject({ method: 'ebpf', proven: true });
    expect(only('targets: [{os: debian-12, method: ebpf, arch: arm64}]')).toMatchObject({ proven: false });
    expect(plan('targets: [{os: centos-7, method: ebpf}]').codes).toEqual(['target/method']);
  });

  it('is none where Secure Boot refuses it and it was asked for', () => {
    expect(plan('secureBoot: enforced\nmethod: module\ntargets: [debian-12]').codes).toEqual(['target/secure-boot']);
  });

  it.each(TARGETS.map((target) => target.id))('%s has one that the user can name, or a reason', (id) => {
    const { plans, codes } = plan(`targets: [{os: ${id}, method: module}]`);
    expect([plans.length, codes]).toEqual([1, []]);
  });
});

describe('files', () => {
  const HASH = '0'.repeat(64);
  const url = 'url: "https://example.com/x"';
  const files = (method: string, ...entries: readonly string[]): readonly string[] =>
    plan(`targets: [{os: debian-12, trust: any, method: ${method}, files: [${entries.join(', ')}]}]`).codes;
  const source = `{${url}, sha256: "${HASH}", role: source}`;
  const built = (release: string) => `{${url}, sha256: "${HASH}", role: module, release: ${release}}`;

  it('are of the roles that the method takes, and the one that it needs is there', () => {
    expect(files('source', source)).toEqual([]);
    expect(files('prebuilt', built('6.1.0-40-amd64'), built('6.1.0-41-amd64'))).toEqual([]);
    expect(files('module', source)).toEqual(['target/files']);
    expect(files('source', built('6.1.0-40-amd64'))).toEqual(['target/files', 'target/files']);
    expect(plan('targets: [{os: debian-12, trust: any, method: source}]').codes).toEqual(['target/files']);
  });

  it('of modules name their kernels, each once', () => {
    expect(files('prebuilt', `{${url}, sha256: "${HASH}", role: module}`)).toEqual(['target/files']);
    expect(files('prebuilt', built('6.1.0-40-amd64'), built('6.1.0-40-amd64'))).toEqual(['target/files']);
  });

  it('of kernels are one, with its release, and firmware', () => {
    const kernel = `{${url}, sha256: "${HASH}", role: kernel, release: 3.10.0-957.21.3.el7.toa.x86_64}`;
    const centos = (...entries: readonly string[]): readonly string[] =>
      plan(`targets: [{os: centos-7, trust: any, method: rpm, files: [${entries.join(', ')}]}]`).codes;
    expect(centos(kernel, `{${url}, sha256: "${HASH}", role: firmware}`)).toEqual([]);
    expect(centos(kernel, kernel)).toEqual(['target/files']);
    expect(centos(kernel.replace(/, release: [^}]*/, ''))).toEqual(['target/files']);
    expect(files('rpm', kernel)).toContain('target/method');
  });

  it('have a layout only where it is clear which', () => {
    const own = source.replace('}', ', layout: {directory: src}}');
    expect(files('source', own)).toEqual([]);
    expect(files('source', own, source)).toEqual(['target/files']);
    expect(files('prebuilt', built('6.1.0-40-amd64').replace('}', ', layout: {directory: src}}'))).toEqual([
      'target/files',
    ]);
  });

  it('come from a url or by a path, and their place in the spec is known', () => {
    const path = source.replace(url, 'path: ../toa.tar');
    expect(files('source', path)).toEqual([]);
    expect(files('source', source.replace(url, `${url}, path: toa.tar`))).toEqual(['spec/file']);
    const own = `{os: debian-12, trust: any, method: source, files: [${path}]}`;
    expect(only(`targets: [${own}]`).pinned).toMatchObject([{ path: '../toa.tar', at: ['targets', 0, 'files', 0] }]);
    const shared = plan(`method: source\nfiles: [${path}]\ntargets: [{os: debian-12, trust: any}]`);
    expect(shared.plans[0]?.pinned).toMatchObject([{ at: ['files', 0] }]);
  });

  it.each(['..', '../a', 'a/../b', '/a', 'a/', 'a//b', '$(x)', 'a b', '-C'])(
    'a layout does not lead to %j',
    (directory) => {
      expect(files('source', source.replace('}', `, layout: {directory: "${directory}"}}`))).toContain('spec/value');
    },
  );
});

describe('a payload that is fetched', () => {
  const at = (path: string): string => `payload: {url: "https://example.com/${path}"}`;

  it('has its place in the spec', () => {
    expect(only(`${at('a')}\ntargets: [debian-12]`).payload).toEqual({
      url: 'https://example.com/a',
      at: ['payload'],
    });
    expect(only(`targets: [{os: debian-12, ${at('a')}}]`).payload).toMatchObject({ at: ['targets', 0, 'payload'] });
    expect(only('targets: [debian-12]').payload).toBeNull();
  });

  it('has an address for each target', () => {
    expect(plan(`${at('a')}\ntargets: [debian-12, debian-13]`).codes).toEqual(['payload/shared']);
    expect(plan(`${at('a')}\ntargets: [debian-12, {os: debian-13, ${at('b')}}]`).codes).toEqual([]);
    expect(plan(`targets: [{os: debian-12, ${at('a')}}, {os: debian-13, ${at('a')}}]`).codes).toEqual([
      'payload/shared',
      'payload/shared',
    ]);
  });
});

describe('settings', () => {
  it("a target's own go before those at the top", () => {
    const { plans } = plan('boot: {reboot: never}\ntargets: [debian-12, {os: debian-13, boot: {reboot: if-needed}}]');
    expect(plans.map((p) => p.reboot)).toEqual(['never', 'if-needed']);
  });

  it('are planned as far as they are sound, so that all faults show at once', () => {
    const { codes } = plan('bot: 1\ntargets: [debian-12, nope, {os: debian-13, arch: ppc}]');
    expect([...codes].sort()).toEqual(['spec/unknown-key', 'spec/value', 'target/unknown']);
  });
});

describe('the rendered bytes', () => {
  const bytes = (lines: string): ReadonlyMap<string, string | Uint8Array> =>
    new Map(
      plan(lines)
        .plans.flatMap((p) => render(p, packaged).artifacts)
        .map((a) => [a.path, a.content]),
    );

  it('are the same every time, and in whatever order the targets stand', () => {
    const once = bytes('targets: [debian-12, debian-13]');
    expect(once.size).toBeGreaterThanOrEqual(4);
    expect(bytes('targets: [debian-12, debian-13]')).toEqual(once);
    expect(new Map([...bytes('targets: [debian-13, debian-12]')].sort())).toEqual(new Map([...once].sort()));
    expect(bytes('targets: [debian-12]').get('debian-12/cloud-init/user-data')).toBe(
      once.get('debian-12/cloud-init/user-data'),
    );
  });

  it('change when what they carry changes', () => {
    expect(bytes('option: {kinds: [253]}\ntargets: [debian-12]')).not.toEqual(bytes('targets: [debian-12]'));
  });
});

describe('kernel series', () => {
  it('are ordered by number, not by letter', () => {
    expect(['5.4', '6.1', '5.10', '3.10', '2.6.32', '5.10'].sort(compareSeries)).toEqual([
      '2.6.32',
      '3.10',
      '5.4',
      '5.10',
      '5.10',
      '6.1',
    ]);
    expect(isWithin('5.4', { from: '5.10', to: '7.3' })).toBe(false);
    expect(isWithin('7.3', { from: '5.10', to: '7.3' })).toBe(true);
    expect(isWithin('7.10', { from: '5.10', to: '7.3' })).toBe(false);
  });
});
