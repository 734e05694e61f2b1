/** Booting a copy, as far as no machine is needed: test/vm/validate.test.ts boots real ones. */

import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { probeProgram, runProbe } from '../../src/facts/probe.ts';
import { makeCarrier, type Questions, readReport } from '../../src/image/boot/carrier.ts';
import { findEntry } from '../../src/image/boot/entry.ts';
import { bootImage } from '../../src/image/boot/index.ts';
import { openBlocks } from '../../src/image/disk/blocks.ts';
import type { Reader } from '../../src/image/types.ts';
import type { Report } from '../../src/report/types.ts';
import { runCli } from '../support/cli.ts';
import { makeXfs, opened, scratch, sha256, textOf, tool } from './tree.ts';

const UNIT = 'usr/lib/systemd/system/systemd-user-sessions.service';
const UNIT_TEXT = `#  A licence.\n${'#\n'.repeat(150)}[Unit]\nDescription=Permit User Sessions\n`;
const MARK = '#toa-bake-0123456789abcdef';

const folder = scratch();
const path = process.env.PATH ?? '';
const image = join(folder, 'good.img');

/** An ext4 image of a machine with these files besides. */
function makeImage(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(folder, `${name}.root`);
  for (const [file, content] of Object.entries({ 'etc/os-release': 'ID=debian\nVERSION_ID="12"\n', ...files })) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), content);
  }
  symlinkSync('usr/lib', join(root, 'lib'));
  const to = join(folder, `${name}.img`);
  tool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', root, to, '16M');
  // Boot code: some firmware would start it.
  tool('sh', '-c', `printf X | dd of=${to} conv=notrunc status=none`);
  return to;
}

beforeAll(() => {
  makeImage('good', { [UNIT]: UNIT_TEXT });
});

afterEach(() => {
  process.env.PATH = path;
});

describe('the way in', () => {
  it('is the bytes of one unit, and no other byte', async () => {
    const before = readFileSync(image);
    const file = openBlocks(image);
    const { offset, bytes } = findEntry(file, MARK);
    file.close();
    expect(before.subarray(offset, offset + bytes.length).toString()).toBe(UNIT_TEXT);
    const copy = join(folder, 'copy.img');
    copyFileSync(image, copy);
    const after = readFileSync(copy);
    bytes.copy(after, offset);
    writeFileSync(copy, after);
    tool('e2fsck', '-f', '-n', copy);
    const unit = await textOf(await opened(copy), `/${UNIT}`);
    const [, script = ''] = /^\[Service\]\n\w+=.*\nExecStart=\/bin\/sh -c '([^']*)'\n+$/.exec(unit) ?? [];
    expect(script).not.toMatch(/%|\$(?!\$)(?<!\$\$)/);
    // A shell reads it to its end.
    expect(tool('sh', '-c', `if false; then ${script.replaceAll('$$', '$')}; fi; echo read`)).toBe('read\n');
    expect(unit.length).toBe(UNIT_TEXT.length);
    expect(unit).toContain(`= "${MARK}" ]`);
  });

  it('is there on XFS as well', async () => {
    const xfs = join(folder, 'xfs.img');
    makeXfs(xfs, join(folder, 'good.root'), []);
    const file = openBlocks(xfs);
    const { offset, bytes } = findEntry(file, MARK);
    file.close();
    const handle = openSync(xfs, 'r+');
    writeSync(handle, bytes, 0, bytes.length, offset);
    closeSync(handle);
    tool('xfs_repair', '-n', xfs);
    expect(await textOf(await opened(xfs), `/${UNIT}`)).toBe(bytes.toString());
  });

  it.each([
    ['no such unit', {}, 'it has no /lib/systemd/system/systemd-user-sessions.service'],
    ['a unit that is too short', { [UNIT]: '[Unit]\n' }, 'too short'],
    ['an override', { [UNIT]: UNIT_TEXT, 'etc/systemd/system/systemd-user-sessions.service': '' }, 'overrides'],
  ])('%s: says so', (name, files, why) => {
    const file = openBlocks(makeImage(name.replaceAll(' ', '-'), files));
    expect(() => findEntry(file, MARK)).toThrow(why);
    file.close();
  });
});

const QUESTIONS: Questions = {
  files: ['/proc/cmdline', '/proc/net/toa_stats', '/secret'],
  programs: [{ argv: ['nft', 'list', 'ruleset'] }, { argv: ['sh', '-c', "echo 'it'"], input: Buffer.from('in') }],
};

const REPORT =
  'file:/proc/cmdline 5\nro a\nnone:/proc/net/toa_stats 0\nout:0 0\nerr:0 10\nnot found\ncode:0 4\n127\nout:1 3\na\nberr:1 0\ncode:1 2\n0\n';

/** What a machine leaves on the carrier, as a function that reads it. */
function reported(report: string, size = report.length): (offset: number, length: number) => Buffer {
  const disk = Buffer.concat([Buffer.from(`toa-bake-report ${size}\n`.padEnd(512, '\0')), Buffer.from(report)]);
  const start = 8 * 1024 * 1024;
  return (offset, length) =>
    Buffer.concat([disk.subarray(offset - start, offset - start + length), Buffer.alloc(length)]).subarray(0, length);
}

describe('the carrier', () => {
  it('takes questions as words of a shell, whatever is in them', () => {
    const carrier = makeCarrier(MARK, 'script\n', QUESTIONS);
    const lines = carrier.toString('latin1').split('\n');
    expect(lines[0]).toBe(MARK);
    expect(lines).toContain("program 1 65536 2 'sh' '-c' 'echo '\\''it'\\'''");
    expect(carrier.subarray(65536).toString()).toBe('in');
  });

  it('brings the answers', () => {
    const answers = readReport(reported(REPORT), QUESTIONS);
    expect(answers?.files.get('/proc/cmdline')).toEqual({ state: 'known', value: Buffer.from('ro a\n') });
    expect(answers?.files.get('/proc/net/toa_stats')).toEqual({ state: 'absent' });
    expect(answers?.files.get('/secret')).toMatchObject({ state: 'unknown' });
    expect([...(answers?.programs.values() ?? [])]).toEqual([
      { code: 127, stdout: Buffer.from(''), stderr: 'not found\n' },
      { code: 0, stdout: Buffer.from('a\nb'), stderr: '' },
    ]);
  });

  it('no report is none, and a damaged one is never an answer', () => {
    expect(readReport((_, length) => Buffer.alloc(length), QUESTIONS)).toBeUndefined();
    for (const bad of ['file:/proc/cmdline', 'x', 'x -1\n', `${REPORT}y`]) {
      expect(() => readReport(reported(bad), QUESTIONS)).toThrow('corrupt');
    }
    expect(() => readReport(reported(REPORT, 999_999_999), QUESTIONS)).toThrow('too long');
  });
});

/** Programs in place of QEMU's; the log tells how they were called. */
function fakeQemu(name: string, system: string): string {
  const bin = join(folder, name);
  mkdirSync(bin);
  const script = (program: string, body: string): void => {
    writeFileSync(join(bin, program), `#!/bin/sh\necho "${program} $*" >>${bin}/log\n${body}\n`);
    chmodSync(join(bin, program), 0o755);
  };
  script('qemu-img', 'for last; do :; done; : >"$last"');
  script('qemu-io', '');
  script('qemu-system-x86_64', system);
  process.env.PATH = `${bin}:${path}`;
  return join(bin, 'log');
}

function boot(what: string, machine: 'x86_64' | 'arm64' = 'x86_64'): ReturnType<typeof bootImage> {
  return bootImage(what, { machine, questions: QUESTIONS, script: '', limitMs: 20_000 });
}

const left = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('toa-bake-boot-'));

/** Writes a report where QEMU was told that the second disk is, and fails under KVM as it does where that is broken. */
const ANSWERING = `case $* in *kvm*) kill -ABRT $$ ;; esac
for word; do case $word in *format=raw,file=*) disk=\${word##*file=} ;; esac; done
echo toa-bake-report 26 | dd of="$disk" bs=512 seek=16384 conv=notrunc,sync 2>/dev/null
printf 'file:/proc/cmdline 5\\nquiet' | dd of="$disk" bs=512 seek=16385 conv=notrunc 2>/dev/null`;

describe('a boot', () => {
  it('is done again in software where KVM breaks down; the image is only read, and nothing is left', async () => {
    const hash = sha256(image);
    const before = left();
    const log = fakeQemu('answering', ANSWERING);
    const reader = await boot(image);
    expect(reader).toMatchObject({ state: 'known', value: { kind: 'boot', live: true } });
    if (reader.state !== 'known') throw new Error(reader.state);
    expect(await textOf(reader.value, '/proc/cmdline')).toBe('quiet');
    expect(await reader.value.read('/etc/os-release')).toMatchObject({ state: 'unknown' });
    const calls = readFileSync(log, 'utf8');
    expect(calls).toMatch(/qemu-img create -q -f qcow2 -b \S+good.img -F raw \S+overlay.qcow2\n/);
    expect(calls).toMatch(/qemu-io -f qcow2 -c write -q -s \S+ \d+ \d+ \S+overlay.qcow2\n/);
    expect(calls).toMatch(/qemu-system-x86_64 -accel tcg/);
    expect(sha256(image)).toBe(hash);
    expect(left()).toEqual(before);
  });

  it.each([
    ['goes off without a word', 'exit 0', 'went off without an answer; nothing came on its serial console'],
    ['goes off after some words', 'echo Panic', /went off without an answer; its console is in \S+console.log/],
    ['QEMU does not start', 'echo no such machine >&2; exit 1', 'QEMU ended: no such machine'],
  ])('%s: unknown, and why', async (name, system, why) => {
    fakeQemu(name.replaceAll(' ', '-'), system);
    const reader = await boot(image);
    expect(reader).toEqual({ state: 'unknown', why: expect.stringMatching(why) });
    const [console] = /\S+console.log/.exec(reader.state === 'unknown' ? reader.why : '') ?? [];
    if (console) expect(readFileSync(console, 'utf8')).toBe('Panic\n');
  });

  it('without QEMU, or packed: unknown, and why', async () => {
    process.env.PATH = folder;
    expect(await boot(image)).toMatchObject({ state: 'unknown', why: expect.stringContaining('not installed') });
    process.env.PATH = path;
    const packed = join(folder, 'packed.img.gz');
    tool('sh', '-c', `gzip -c ${image} >${packed}`);
    expect(await boot(packed)).toMatchObject({ state: 'unknown', why: expect.stringContaining('unpack it') });
  });

  it('where no firmware would start it: unknown, and why', async () => {
    const bare = join(folder, 'bare.img');
    tool('sh', '-c', `cp ${image} ${bare} && head -c 440 /dev/zero | dd of=${bare} conv=notrunc status=none`);
    const why = { state: 'unknown', why: expect.stringContaining('neither boot code nor an EFI') };
    expect(await boot(bare)).toEqual(why);
    // Boot code is for the other processor.
    expect(await boot(image, 'arm64')).toEqual(why);
  });
});

describe('what cannot be booted or probed', () => {
  const RUNNING = /running\/(not-loaded|probe)/;

  async function unknowns(what: string, option: string): Promise<readonly string[]> {
    const { code, stdout } = await runCli(folder, ['validate', what, option, '--format', 'json']);
    // It has no kernel, and a failure outranks what is unknown.
    expect(code).toBe(1);
    const report: Report = JSON.parse(stdout);
    const found = report.images.flatMap(({ findings }) => findings).filter((finding) => RUNNING.test(finding.code));
    expect(found.map(({ status }) => status)).toEqual(['unknown', 'unknown']);
    return [...new Set(found.map(({ message }) => message))];
  }

  it('is unknown, and never passes', async () => {
    expect(await unknowns(image, '--probe')).toEqual(['only a machine that runs can be probed; --boot boots an image']);
    expect(await unknowns(image, '--boot')).toEqual([expect.stringMatching(/^it cannot be booted: /)]);
    expect(await unknowns(join(folder, 'good.root'), '--boot')).toEqual(['only a disk image can be booted']);
  });

  it('saved facts are neither', async () => {
    const { code } = await runCli(folder, ['facts', image, '-o', 'facts.json']);
    expect(code).toBe(0);
    expect(await unknowns('facts.json', '--boot')).toEqual(['only a disk image can be booted']);
    expect(await unknowns('facts.json', '--probe')).toEqual([expect.stringContaining('only a machine that runs')]);
  });
});

describe('the probe', () => {
  const PROGRAM = probeProgram({ kinds: [254, 200], trusted: ['203.0.113.0/24'] }, (path) => `# ${path}\n`);

  /** What is made of an answer. */
  async function answered(code: number, stdout: string, stderr = ''): Promise<unknown> {
    const run: NonNullable<Reader['run']> = async (argv, input) => {
      expect(argv).toEqual(['sh', '-c', '# validate/probe.sh\n']);
      expect(Buffer.from(input ?? '').toString()).toBe('254,200\n203.0.113.0/24\n\n# toa-probe\n');
      return { state: 'known', value: { code, stdout: Buffer.from(stdout), stderr } };
    };
    return await runProbe({ ...(await opened(image)), run }, PROGRAM);
  }

  it('is believed when it reports, whatever it was asked', async () => {
    const one = { name: 'control', source: 'a', accept: 'b', getpeername: 'c', ok: false };
    const report = { probe: 1, result: 'fail', reason: 'why', cases: [{ ...one, more: 1 }], skipped: [] };
    expect(await answered(1, JSON.stringify(report))).toEqual({
      state: 'known',
      value: { result: 'fail', reason: 'why', cases: [one] },
    });
  });

  it.each([
    [127, '', 'sh: 1: python2: not found', 'needs Python'],
    [2, '', 'toa-probe: not a network: x', 'ended with 2: toa-probe: not a network: x'],
    [0, '{"result": "pass"}', '', 'ended with 0'],
    [0, '[null]', '', 'ended with 0'],
    [0, '{"result": "passed", "cases": []}', '', 'ended with 0'],
  ])('exit %i and %j: unknown', async (code, stdout, stderr, why) => {
    expect(await answered(code, stdout, stderr)).toEqual({ state: 'unknown', why: expect.stringContaining(why) });
  });
});
