import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packaged } from '../../src/packaged.ts';
import { type Merged, mergeUserData } from '../../src/render/merge.ts';
import type { Problem } from '../../src/spec/types.ts';
import { CASES } from '../support/merge/cases.ts';
import { CONFIG, message, oursOf, part } from '../support/merge/text.ts';

const OURS = oursOf(true);
const merge = (theirs: string | Uint8Array, ours = OURS): Merged | Problem =>
  mergeUserData(typeof theirs === 'string' ? Buffer.from(theirs) : theirs, ours, 'my.yaml', packaged.guest);

function merged(theirs: string | Uint8Array, ours = OURS): Merged {
  const given = merge(theirs, ours);
  if ('severity' in given) throw new Error(given.message);
  return given;
}

const cases = Object.entries(CASES).map(([name, theirs]) => ({ name, theirs }));
const mimeOf = (text: string): string => message([part('text/cloud-config', text)]);
const jinja = (text: string): string => `## template: jinja\n${text}`;

describe('what is merged', () => {
  it('is many forms', () => {
    expect(cases.length).toBeGreaterThan(25);
  });

  it.each(cases)('$name: the same input gives the same bytes, and one that cloud-init takes for MIME', ({ theirs }) => {
    const { mime } = merged(theirs);
    expect(merged(theirs).mime).toBe(mime);
    expect(mime).toMatch(
      /^MIME-Version: 1\.0\nContent-Type: multipart\/mixed; boundary="toa-bake-[0-9a-f]{32}"\n\n--toa-bake-/,
    );
    const boundary = /boundary="(.*?)"/.exec(mime)?.[1] ?? '';
    const parts = mime.includes('filename="toa-bake-reboot.cfg"') ? 3 : 2;
    expect(mime.split(`--${boundary}\n`)).toHaveLength(parts + 1);
    expect(mime.split(`--${boundary}--\n`)).toHaveLength(2);
  });

  it.each(cases.filter(({ theirs }) => typeof theirs === 'string'))(
    '$name: theirs is in it byte for byte',
    ({ theirs }) => {
      const { mime } = merged(theirs);
      const [, base64] =
        /\nContent-Transfer-Encoding: base64\n\n([A-Za-z0-9+/=\n]*)\n--toa-bake-\w+--\n$/.exec(mime) ?? [];
      const last = base64 === undefined ? mime : Buffer.from(base64, 'base64').toString();
      expect(last).toContain(theirs);
    },
  );

  it('costs little more than both', () => {
    const { mime } = merged(CONFIG);
    expect(mime.length - CONFIG.length - OURS.length).toBeLessThan(700);
  });

  it('says what was done', () => {
    expect(merged(CONFIG).did).toEqual([
      'my.yaml is one part of a new MIME message, as it stands, so everything in it means what it meant',
      "toa-bake's part is the script 00-toa-bake.sh; cloud-init runs it before the user's scripts and runcmd, each by itself",
      'toa-bake also asks for a reboot at the end, only where the reader needs one (power_state)',
    ]);
  });

  it.each([
    ['gzip', gzipSync(CONFIG), /my\.yaml was gzip, unpacked/],
    ['base64', Buffer.from(CONFIG).toString('base64'), /my\.yaml was base64, decoded/],
    ['MIME', mimeOf(CONFIG), /my\.yaml is a MIME message: it is one part/],
    ['an include', '#include\nhttps://example.com/x\n', /should it set power_state, that holds/],
    ['a jinja template', jinja('#cloud-config\na: 1\n'), /my\.yaml is a jinja template: cloud-init renders it alone/],
    ['a part handler', '#part-handler\n', /my\.yaml is a part handler/],
    ['text that Python garbles', mimeOf('#cloud-config\na: é\n'), /^part 1 of my\.yaml has characters beyond ASCII/m],
    ['a reboot', '#cloud-config\npower_state: {mode: halt}\n', /the power_state of my\.yaml stays as it is/],
  ])('says so of %s', (_, theirs, sentence) => {
    expect(merged(theirs).did.join('\n')).toMatch(sentence);
  });

  it('asks for a reboot only where the plan does and theirs does not', () => {
    const asks = (theirs: string, ours?: string): boolean => merged(theirs, ours).mime.includes('mode: reboot\n');
    expect(asks(CONFIG)).toBe(true);
    expect(asks(CONFIG, oursOf(false))).toBe(false);
    expect(asks('#cloud-config\npower_state: {mode: poweroff}\n')).toBe(false);
  });
});

const CONDITION = 'power_state: {mode: reboot, condition: test -e /run/mine}\n';
const BROKEN = '#cloud-config\nruncmd:\n- a: [\nb: 1\n';

const REFUSALS: readonly (readonly [
  name: string,
  theirs: string | Uint8Array,
  code: string,
  message: RegExp,
  line?: number,
])[] = [
  ['nothing', '', 'merge/empty', /^my\.yaml is empty$/],
  ['white space', ' \n\t\n', 'merge/empty', /is empty/],
  ['a MIME message without parts', message([]), 'merge/empty', /without parts/],
  ['Latin-1', Buffer.from('#cloud-config\na: \xe9\n', 'latin1'), 'merge/unreadable', /not UTF-8/],
  ['a binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe]), 'merge/unreadable', /not UTF-8/],
  ['half of a gzip', gzipSync(CONFIG).subarray(0, 60), 'merge/unreadable', /begins as gzip does/],
  ['a gzip that fills a memory', gzipSync(Buffer.alloc(50_000_000, 35)), 'merge/unreadable', /at most 1 MiB/],
  ['what no cloud takes', `#!/bin/sh\n${'#\n'.repeat(600_000)}`, 'merge/unreadable', /1,200,010 bytes/],
  ['a byte order mark', `\uFEFF${CONFIG}`, 'merge/unknown', /begins with a byte order mark/],
  ['no first line that says what it is', 'packages: [vim]\n', 'merge/unknown', /begins with "packages: \[vim\]"/],
  [
    'MIME that does not say so',
    mimeOf(CONFIG).replaceAll(/MIME-Version.*\n/g, ''),
    'merge/unknown',
    /has no MIME-Version near it/,
  ],
  ['a line before MIME', `\n${mimeOf(CONFIG)}`, 'merge/unknown', /begins with an empty line/],
  ['gzip in gzip', gzipSync(gzipSync('a')), 'merge/unreadable', /not UTF-8/],
  ['broken YAML', BROKEN, 'merge/syntax', /^my\.yaml is not valid YAML in line 4, column 1: /, 4],
  ['a tab as space', '#cloud-config\na:\tb\n', 'merge/syntax', /line 2, column 3: a tab/, 2],
  ['a lone =', '#cloud-config\na: [b, =]\n', 'merge/syntax', /line 2, column 8: a lone =/, 2],
  ['a control character', '#cloud-config\na: "\u0007"\n', 'merge/syntax', /line 2, column 5: a control character/, 2],
  [
    'a line break of another kind',
    '#cloud-config\na: b\u2028c\n',
    'merge/syntax',
    /line 2, column 5: .* line break/,
    2,
  ],
  ['an unknown tag', '#cloud-config\na: !env HOME\n', 'merge/syntax', /line 2, column 4: Unresolved tag/, 2],
  ['an alias to nothing', '#cloud-config\na: *b\n', 'merge/syntax', /alias/, 1],
  ['a merge key of nothing', '#cloud-config\n<<: 1\n', 'merge/syntax', /Merge sources/, 1],
  ['two documents', '#cloud-config\na: 1\n---\nb: 2\n', 'merge/syntax', /line 3/, 3],
  ['brackets without end', `#cloud-config\na: ${'['.repeat(100_000)}`, 'merge/syntax', /not valid YAML/],
  ['a list', '#cloud-config\n- a\n', 'merge/syntax', /is no mapping/, 1],
  ['an archive that is a mapping', '#cloud-config-archive\na: b\n', 'merge/syntax', /is no list/, 1],
  ['broken YAML in MIME', mimeOf(BROKEN), 'merge/syntax', /^part 1 of my\.yaml is not valid YAML in line 4/],
  [
    'broken YAML in an archive',
    `#cloud-config-archive\n- ${JSON.stringify(BROKEN)}\n`,
    'merge/syntax',
    /^entry 1 of my\.yaml /,
  ],
  [
    'MIME without boundary',
    'MIME-Version: 1.0\nContent-Type: multipart/mixed\n\nx\n',
    'merge/mime',
    /without a boundary/,
  ],
  ['MIME cut off', mimeOf(CONFIG).slice(0, -10), 'merge/mime', /is it cut off\?/],
  ['no gzip in MIME', message([part('application/gzip', 'x')]), 'merge/mime', /^part 1 of my\.yaml is no gzip/],
  [
    'MIME in MIME without end',
    Array.from({ length: 30 }).reduce<string>((inner, _, i) => message([inner], `b${i}`), 'x'),
    'merge/mime',
    /without end/,
  ],
  ['jinja around MIME', jinja(mimeOf(CONFIG)), 'merge/jinja', /what follows begins with "Content-Type: multipart/],
  ['jinja around an archive', jinja('#cloud-config-archive\n- a\n'), 'merge/jinja', /#cloud-config-archive/],
  ['jinja around a boothook', jinja('#cloud-boothook\n'), 'merge/jinja', /#cloud-boothook/],
  ['jinja around what only rendering shows', jinja('{{ kind }}\na: 1\n'), 'merge/jinja', /\{\{ kind/],
  ['jinja of another version', '## template: jinja2\n#cloud-config\n', 'merge/jinja', /first line/],
  ['jinja below an empty line', `\n${jinja('#cloud-config\n')}`, 'merge/jinja', /first line/],
  ['ours', OURS, 'merge/twice', /^my\.yaml is toa-bake's$/],
  ['what was merged before', merged(CONFIG).mime, 'merge/twice', /^part 1 of my\.yaml is toa-bake's$/],
  [
    'a file of the name of ours',
    message([part('text/x-shellscript', '#!/bin/sh\n', '00-toa-bake.sh')]),
    'merge/twice',
    /part 1/,
  ],
  ['a condition', `#cloud-config\n${CONDITION}`, 'merge/power-state', /^power_state of my\.yaml has a condition/],
  [
    'a condition that is false',
    '#cloud-config\npower_state: {mode: reboot, condition: no}\n',
    'merge/power-state',
    /condition/,
  ],
  ['a power state that is nothing', '#cloud-config\npower_state: null\n', 'merge/power-state', /does not reboot/],
  ['a condition in MIME', mimeOf(`#cloud-config\n${CONDITION}`), 'merge/power-state', /^power_state of part 1/],
  [
    'a power state in jinja',
    jinja('#cloud-config\npower_state: {mode: reboot}\n'),
    'merge/power-state',
    /cannot be read/,
  ],
  [
    'a power state in a patch',
    '#cloud-config-jsonp\n[{"op":"add","path":"/power_state"}]\n',
    'merge/power-state',
    /cannot be read/,
  ],
  [
    'no module for scripts',
    '#cloud-config\ncloud_final_modules: [power-state-change]\n',
    'merge/modules',
    /leaves out scripts-user/,
  ],
  [
    'no module for a reboot',
    '#cloud-config\ncloud_final_modules: [scripts_user]\n',
    'merge/modules',
    /leaves out power-state-change/,
  ],
];

describe('what is refused', () => {
  for (const [name, theirs, code, says, line] of REFUSALS)
    it(name, () => {
      const refused = merge(theirs);
      expect(refused).toMatchObject({ severity: 'error', code, message: expect.stringMatching(says) });
      expect(refused).toMatchObject({ hint: expect.stringMatching(/\w/), ...(line === undefined ? {} : { line }) });
    });

  it('is not a power state or a module list in the way where the plan wants no reboot', () => {
    const noReboot = oursOf(false);
    for (const theirs of [
      `#cloud-config\n${CONDITION}`,
      '#cloud-config\ncloud_final_modules: [scripts_user]\n',
      jinja(`#cloud-config\n${CONDITION}`),
    ])
      expect(merged(theirs, noReboot).mime).toContain(theirs);
  });

  it('never a crash, whatever the bytes', () => {
    const pieces = fc.constantFrom(
      '#cloud-config\n',
      'MIME-Version: 1.0\n',
      'Content-Type: multipart/mixed; boundary=b\n',
      '\n',
      '--b\n',
      '--b--\n',
      jinja(''),
      'a: *b\n',
      '- x\n',
      '#include\n',
      '#cloud-config-archive\n',
      '&b\n',
      '? [\n',
      'Content-Transfer-Encoding: quoted-printable\n',
      '=\n',
      '<<: 1\n',
      '%TAG ! x\n',
      '\u0000',
      '{% if %}',
    );
    const text = fc.array(pieces, { maxLength: 12 }).map((all) => Buffer.from(all.join('')));
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.uint8Array(),
          text.map((plain) => gzipSync(plain)),
        ),
        (bytes) => {
          const given = merge(bytes);
          expect('severity' in given ? given.code : given.mime).toMatch(/^(merge\/|MIME)/);
        },
      ),
      { numRuns: 500 },
    );
  });
});
