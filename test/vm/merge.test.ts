/** What real cloud-init, of three ages, makes of merged user-data: exactly theirs, as when it is given alone, plus ours. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { packaged } from '../../src/packaged.ts';
import { isMime, readMime } from '../../src/render/merge/mime.ts';
import { type Merged, mergeUserData } from '../../src/render/merge.ts';
import { inFolder, runCli } from '../support/cli.ts';
import { CASES, includeCases, toolCases } from '../support/merge/cases.ts';
import { cloudInitOf, type Judged, judge } from '../support/merge/cloud-init.ts';
import { CONFIG, message, oursOf, part } from '../support/merge/text.ts';

const SUITES = ['installed', 'bullseye', 'trixie'];
const OUR_SCRIPT = '00-toa-bake.sh';
const OUR_POWER_STATE = { mode: 'reboot', condition: ['test', '-e', '/run/toa-reboot-needed'] };

const ours = await inFolder(
  { 'toa.yaml': 'version: 1\ntrust: [198.18.7.0/24]\nmethod: module\ntargets: [debian-12]\n' },
  async (folder) => {
    const { code, stderr } = await runCli(folder, ['render']);
    if (code !== 0) throw new Error(stderr);
    const read = (path: string): string => readFileSync(join(folder, 'out/debian-12', path), 'utf8');
    return { userData: read('cloud-init/user-data'), script: read('script/install-toa.sh') };
  },
);

function merge(theirs: string | Uint8Array, userData = ours.userData): Merged {
  const merged = mergeUserData(Buffer.from(theirs), userData, 'theirs', packaged.guest);
  if ('severity' in merged) throw new Error(`${merged.code}: ${merged.message}`);
  return merged;
}

/** Theirs alone and ours, added by hand. Where both ask for a power state, theirs counts. */
function plusOurs(alone: Judged, ourScript: string): Judged {
  return {
    ...alone,
    config: alone.error === null ? { power_state: OUR_POWER_STATE, ...alone.config } : alone.config,
    scripts: alone.error === null ? [[OUR_SCRIPT, ourScript], ...alone.scripts] : alone.scripts,
  };
}

function expectBoth(merged: Judged | undefined, alone: Judged | undefined): void {
  if (!merged || !alone) throw new Error('not judged');
  const [first] = merged.scripts;
  expect(merged).toEqual(plusOurs(alone, first?.[1] ?? ''));
  if (alone.error === null) expect(payloadOf(first?.[1] ?? '')).toBe(ours.script);
}

function payloadOf(script: string): string {
  const [program = '', payload = ''] = script.split('# --- script ---\n');
  expect(program).toMatch(/\nexec sh \S+ all\n/);
  return gunzipSync(Buffer.from(payload, 'base64')).toString();
}

const folder = mkdtempSync(join(tmpdir(), 'toa-bake-merge-'));
afterAll(() => rmSync(folder, { recursive: true }));
const cases: Readonly<Record<string, string | Uint8Array>> = {
  ...CASES,
  ...includeCases(folder),
  ...toolCases(folder),
};
const names = Object.keys(cases);

/** Type, file name and content of each leaf, by the package that cloud-init reads MIME with. */
const PYTHON_LEAVES = `
import base64, email, json, sys
def leaves(text):
    parts = [part for part in email.message_from_string(text).walk() if part.get_content_maintype() != "multipart"]
    return [[p.get_content_type(), p.get_filename(), base64.b64encode(p.get_payload(decode=True)).decode()] for p in parts]
json.dump([leaves(text) for text in json.load(sys.stdin)], sys.stdout)`;

describe('a MIME message', () => {
  const piece = fc.constantFrom(
    '--b\n',
    '--b\n',
    '--b--\n',
    '--bb\n',
    '--b \n',
    '\n',
    'a: b\n',
    'text\n',
    ' ;x=y\n',
    '=3D=\n',
    '\r\n',
  );
  const header = fc.constantFrom(
    'Content-Type: text/x-shellscript; charset="utf-8"\n',
    'content-type: multipart/mixed; boundary="bb"\n',
    'Content-Type: nonsense\n',
    'Content-Transfer-Encoding: quoted-printable\n',
    'Content-Disposition: attachment; filename="a \\"b\\".sh"\n',
    'Content-Type: text/plain;\n name=c\n',
  );
  const head = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n';
  const random = fc.array(fc.oneof(piece, header), { maxLength: 14 }).map((all) => `${head}${all.join('')}`);

  // Characters beyond ASCII outside of any transfer encoding Python garbles; nothing is to be learnt from that.
  const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

  it('is read as Python reads it, where it is read at all', () => {
    const texts = [
      ...Object.values(cases).flatMap((text) =>
        typeof text === 'string' && isMime(text) && isAscii(text) ? text : [],
      ),
      ...fc.sample(random, 2000),
    ];
    const stdout = execFileSync('/usr/bin/python3', ['-c', PYTHON_LEAVES], {
      input: JSON.stringify(texts),
      maxBuffer: 1e9,
    });
    const expected: readonly unknown[] = JSON.parse(stdout.toString());
    const read = texts.map((text) => readMime(text, 'theirs'));
    const leaves = read.map((one) =>
      'severity' in one
        ? one
        : one.map(({ type, filename, body }) => [type, filename ?? null, body.toString('base64')]),
    );
    for (const [i, one] of leaves.entries()) if (!('severity' in one)) expect(one, texts[i]).toEqual(expected[i]);
    expect(leaves.filter((one) => !('severity' in one)).length).toBeGreaterThan(200);
  });
});

describe('the script that carries ours', () => {
  it.each([['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'sh']])(
    'unpacks, runs and hands on the exit code: %s %s',
    async (...shell) => {
      const { mime } = merge(CONFIG, oursOf(true));
      const [, script = ''] = /filename="00-toa-bake\.sh"\n\n([\s\S]*?)\n--toa-bake-/.exec(mime) ?? [];
      const [command = '', ...options] = shell;
      await inFolder({ 'part.sh': script.replaceAll('/var/lib/toa', './lib') }, (folder) => {
        const { status, stdout, stderr } = spawnSync(command, [...options, './part.sh'], {
          cwd: folder,
          encoding: 'utf8',
        });
        expect({ status, stdout, stderr }).toEqual({ status: 7, stdout: 'ran all\n', stderr: '' });
        expect(statSync(join(folder, 'lib/install-toa.sh')).mode & 0o777).toBe(0o700);
      });
    },
  );
});

describe.each(SUITES)('cloud-init: %s', async (suite) => {
  const code = await cloudInitOf(suite);
  const mergedCases = Object.fromEntries(names.map((name) => [name, merge(cases[name] ?? '').mime]));
  const alone = await judge(code, cases);
  const merged = await judge(code, mergedCases);

  it('sees something in each case alone, but for those that are meant to be nothing', () => {
    const empty = names.filter((name) => {
      const { config, scripts, perBoot, boothooks, handlers } = alone[name] ?? {};
      return (
        [scripts, perBoot, boothooks, handlers].every((list) => !list?.length) && !Object.keys(config ?? {}).length
      );
    });
    const known = [
      'config: merge_type without dict',
      'config: nothing in it',
      'include: what is not there',
      'jinja: left open',
      // Python's email package takes characters beyond ASCII apart that no transfer encoding covers.
      'MIME: UTF-8 as it is',
      'upstart job',
    ];
    const newer = suite === 'bullseye' ? ['MIME: scripts by frequency'] : [];
    expect(empty.sort()).toEqual([...known, ...newer].sort());
  });

  it.each(names)('%s', (name) => {
    expectBoth(merged[name], alone[name]);
  });

  it('base64, which the cloud takes off', async () => {
    const inside = message([part('text/cloud-config', CONFIG), part('text/x-shellscript', '#!/bin/sh\ntrue\n')]);
    const wrapped = Buffer.from(gzipSync(inside).toString('base64'));
    const seen = await judge(code, { alone: inside, merged: merge(wrapped).mime });
    expectBoth(seen.merged, seen.alone);
  });

  it('control: two #cloud-config in one MIME message lose commands and files; the judge sees it', async () => {
    const parts = [part('text/cloud-config', CONFIG), part('text/cloud-config', ours.userData)];
    const seen = await judge(code, { naive: message(parts), alone: CONFIG, ours: ours.userData });
    expect(seen.naive?.config?.runcmd).toEqual(seen.ours?.config?.runcmd);
    expect(seen.naive?.config?.write_files).toEqual(seen.ours?.config?.write_files);
    expect(seen.naive?.config?.runcmd).not.toEqual(seen.alone?.config?.runcmd);
    expect(() => expectBoth(seen.naive, seen.alone)).toThrow();
  });

  it('control: a jinja template in front of ours, in one text, swallows it; the judge sees it', async () => {
    const jinja = '## template: jinja\n#cloud-config\nhostname: {{ region }}\n';
    const seen = await judge(code, { naive: `${jinja}${merge(CONFIG).mime}`, alone: jinja });
    expect(() => expectBoth(seen.naive, seen.alone)).toThrow();
  });

  it('whatever a #cloud-config says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(config, mergeHow), { minLength: 30, maxLength: 30 }), async (all) => {
        const texts = all.map(([data, how]) => `#cloud-config\n${stringify({ ...data, ...how }, { version: '1.1' })}`);
        const given = texts.map((text) => mergeUserData(Buffer.from(text), ours.userData, 'theirs', packaged.guest));
        const mimes = given.map((one) => ('mime' in one ? one.mime : ''));
        const alone = await judge(code, Object.fromEntries(texts.entries()));
        const both = await judge(code, Object.fromEntries(mimes.entries()));
        for (const [i, one] of given.entries()) {
          // Broken in the eyes of Python's YAML, and of no other: then cloud-init drops all of it.
          if ('severity' in one) expect([one.code, alone[i]?.config], one.message).toEqual(['merge/syntax', {}]);
          else expectBoth(both[i], alone[i]);
        }
      }),
      // Shrinking would start a Python process for each step.
      { numRuns: 2, endOnFailure: true },
    );
  });
});

/** What YAML may need quotes for. PyYAML takes a tab in them only, so some of these configs are refused. */
const unit = fc.oneof(
  { weight: 200, arbitrary: fc.constantFrom(...'abc:#-{}%\'"\\ \n|>&*!?@`~0é漢🎉') },
  { weight: 1, arbitrary: fc.constant('\t') },
);
const words = fc.string({ unit, maxLength: 8 });
const value = fc.jsonValue({ maxDepth: 1, stringUnit: unit });
const config = fc.record(
  {
    runcmd: fc.array(fc.oneof(words, fc.array(words, { minLength: 1 }))),
    write_files: fc.array(fc.record({ path: words, content: words }, { requiredKeys: [] })),
    packages: fc.array(words),
    bootcmd: value,
    mine: fc.dictionary(words, value),
    power_state: fc.record(
      { mode: fc.constantFrom('reboot', 'poweroff', 'halt'), delay: fc.nat() },
      { requiredKeys: ['mode'] },
    ),
  },
  { requiredKeys: [] },
);
const mergeHow = fc.oneof(
  fc.constant({}),
  fc.record({
    merge_how: fc.constantFrom('list(append)+dict(recurse_array)+str()', 'dict(no_replace,recurse_list)+list(prepend)'),
  }),
  fc.constant({ merge_type: [{ name: 'dict', settings: ['replace', 'allow_delete'] }] }),
);
