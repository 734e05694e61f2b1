import { describe, expect, it } from 'vitest';
import { parseSpec } from '../../src/spec/parse.ts';
import { decodeText } from '../../src/spec/text.ts';

/** What is wrong with a spec: code, line and column. */
function faults(text: string): readonly string[] {
  return parseSpec(text).problems.map((p) => `${p.code} ${p.line}:${p.column}`);
}

const HEAD = 'version: 1\ntrust: any\n';

describe('a fault is found at its line and column', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['nothing wrong', `${HEAD}targets: [debian-12]\n`, []],
    ['block list', `${HEAD}targets:\n  - debian-12\n  - 12\n`, ['spec/type 5:5']],
    ['flow list', `${HEAD}targets: [debian-12, 12]\n`, ['spec/type 3:22']],
    ['flow list over lines', `${HEAD}targets: [\n  debian-12,\n  12,\n]\n`, ['spec/type 5:3']],
    ['key of a block target', `${HEAD}targets:\n  - os: debian-12\n    boots: {}\n`, ['spec/unknown-key 5:5']],
    ['key of a flow target', `${HEAD}targets: [{os: debian-12, boots: {}}]\n`, ['spec/unknown-key 3:27']],
    ['missing in a target', `${HEAD}targets:\n  - arch: arm64\n`, ['spec/missing 4:5']],
    ['deep value', `${HEAD}targets:\n  - os: debian-12\n    boot:\n      reboot: no\n`, ['spec/value 6:7']],
    ['JSON', '{"version": 1, "trust": "any", "targets": [12]}', ['spec/type 1:44']],
    ['quoted key', `${HEAD}targets: [debian-12]\n"boots": 1\n`, ['spec/unknown-key 4:1']],
    ['numeric key', `${HEAD}targets: [debian-12]\n12: 1\n`, ['spec/unknown-key 4:1']],
    ['two faults', `${HEAD}a: 1\ntargets: [12]\n`, ['spec/unknown-key 3:1', 'spec/type 4:11']],
    [
      'behind an alias',
      `${HEAD}targets: [{os: debian-12, boot: &b {x: 1}}]\nboot: *b\n`,
      ['spec/unknown-key 3:37', 'spec/unknown-key 3:37'],
    ],
    ['CRLF', `${HEAD}targets:\n  - debian-12\n  - 12\n`.replaceAll('\n', '\r\n'), ['spec/type 5:5']],
    ['byte order mark', `\ufeff${HEAD}targets: [12]\n`, ['spec/type 3:11']],
    ['byte order mark before the fault', '\ufeffversion: 2\ntrust: any\ntargets: [debian-12]\n', ['spec/value 1:1']],
    ['comment and document marks', `# x\n---\n${HEAD}targets: [12]\n...\n`, ['spec/type 5:11']],
    ['not a mapping', '- version\n', ['spec/type 1:1']],
    ['a word', 'hello', ['spec/type 1:1']],
    ['null', '~\n', ['spec/empty 1:1']],
    [
      'own names of objects',
      `${HEAD}targets: [debian-12]\n__proto__: 1\nconstructor: 1\n`,
      ['spec/unknown-key 4:1', 'spec/unknown-key 5:1'],
    ],
  ])('%s', (_, text, expected) => {
    expect([...faults(text)].sort()).toEqual([...expected].sort());
  });

  it('an unclosed bracket is told at the end, where it is missed', () => {
    expect(faults('version: 1\ntrust: [any\n')).toEqual(['spec/syntax 3:1']);
  });
});

describe('a text that is made to tire its reader', () => {
  it.each<readonly [string, string, string]>([
    ['a long list of targets', `${HEAD}targets:\n${'  - debian-12\n'.repeat(70_000)}`, 'spec/value 3:1'],
    ['one long word', `${HEAD}targets: [${'x'.repeat(1_000_000)}]`, ''],
    ['deep brackets', '['.repeat(100_000), 'spec/syntax 1:'],
  ])('%s is answered within seconds', (_, text, expected) => {
    const start = Date.now();
    expect(faults(text)[0] ?? '').toContain(expected);
    expect(Date.now() - start).toBeLessThan(20_000);
  });
});

describe('bytes', () => {
  it.each([
    ['a stray byte', [0x61, 0x0a, 0x62, 0xff, 0x0a], 2, '0xff'],
    ['UTF-16', [0xff, 0xfe, 0x61, 0], 1, '0xff'],
    ['Latin-1', [0x0a, 0x0a, 0xe9, 0x61, 0x0a], 3, '0x61'],
    ['a cut character', [0x61, 0xe2, 0x82], 1, '0x82'],
  ])('%s is not UTF-8, and the line is told', (_, bytes, line, shown) => {
    const decoded = decodeText(Buffer.from(bytes));
    expect(decoded).toMatchObject({ problem: { code: 'spec/encoding', line } });
    expect('problem' in decoded && decoded.problem.message).toContain(shown);
  });

  it('UTF-8 is taken as it is', () => {
    expect(decodeText(Buffer.from('# ä€😀\n'))).toEqual({ text: '# ä€😀\n' });
  });
});
