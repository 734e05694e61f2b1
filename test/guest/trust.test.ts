/** The verb trust with our own module, in fake roots; and how lists are read where a packet filter keeps to them. */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { inRepo } from '../support/cli.ts';
import { type FakeMachine, SHELLS, type Shell } from '../support/fakeroot.ts';
import { fake, ran, receipt, script } from '../support/setup.ts';

const LIST = '/etc/toa/trusted';
const KERNEL = '/proc/net/toa_trusted';
const OPTIONS = '/etc/modprobe.d/toa.conf';
const FIRST = ['198.51.100.0/24', '2001:db8:1::/48'];

/** With what is said of it: the line, where it does not even look like one. */
const WRONG = [
  ['192.0.2.1/24', '192.0.2.1/24'],
  ['192.0.2.0/33', '192.0.2.0/33'],
  ['2001:db8::1/32', '2001:db8::1/32'],
  ['256.0.0.0/8', '256.0.0.0/8'],
  ['table inet x', '3:table inet x'],
  [' 192.0.2.0/24', '3: 192.0.2.0/24'],
] as const;

/** Python is this machine's, so that the probe reads lists as it does in earnest; it verifies nothing here. */
async function installed(shell: Shell): Promise<FakeMachine> {
  const machine = fake(shell, { commands: ['gcc', 'make', 'strip'], tools: ['python3'] });
  const run = await machine.install(script(), ['preflight', 'deps']);
  expect(run.code, run.stderr).toBe(0);
  for (const verb of ['build', 'install', 'load']) {
    const { code, stderr } = await machine.install(script(), [verb]);
    expect(code, stderr).toBe(0);
  }
  return machine;
}

const lines = (machine: FakeMachine, path: string) => machine.read(path).trim().split('\n');

describe.concurrent.each(SHELLS)('toa-setup trust under %s', (shell) => {
  it('add, remove and replace: in the kernel, at the next load, in the receipt; the module stays', async () => {
    const machine = await installed(shell);
    const believed = async (networks: readonly string[], ...verbs: readonly string[]) => {
      const run = await machine.setup('trust', ...verbs);
      expect([run.code, run.stderr, ran(run, 'modprobe')]).toEqual([0, '', []]);
      expect([lines(machine, LIST), lines(machine, KERNEL)]).toEqual([networks, networks]);
      expect(machine.read(OPTIONS)).toBe(`options toa kinds=254 trusted=${networks.join(',')}\n`);
      expect(receipt(machine)).toMatchObject({ result: 'ok', step: 'trust', trusted: networks });
    };
    await believed([...FIRST, '192.0.2.0/24', '203.0.113.7'], 'add', '192.0.2.0/24', '203.0.113.7');
    await believed([...FIRST, '203.0.113.7'], 'remove', '192.0.2.0/24');
    machine.write({ '/root/list': '10.0.0.0/8\nfd00::/8\n' });
    await believed(['10.0.0.0/8', 'fd00::/8'], 'replace', `${machine.root}/root/list`);
    expect(await machine.setup('trust', 'list')).toMatchObject({ code: 0, stdout: '10.0.0.0/8\nfd00::/8\n' });
  });

  it('refuses what is no network and names it; nothing changes', async () => {
    const machine = await installed(shell);
    const kept = () => [LIST, KERNEL, OPTIONS].map((path) => machine.read(path));
    const before = kept();
    for (const [wrong, named] of WRONG) {
      const run = await machine.setup('trust', 'add', wrong);
      expect(run).toMatchObject({ code: 1, stderr: `toa-setup: trust: not a list of networks: ${named}\n` });
      expect(kept()).toEqual(before);
    }
  });

  it('never leaves nobody on the list, nor forgets what the kernel refused', async () => {
    const machine = await installed(shell);
    const [before, options] = [machine.read(LIST), machine.read(OPTIONS)];
    expect(await machine.setup('trust', 'remove', ...FIRST)).toMatchObject({ code: 1 });
    expect(await machine.setup('trust', 'replace', '/none')).toMatchObject({ code: 1 });
    await execa('rm', [`${machine.root}${KERNEL}`]);
    await execa('mkdir', [`${machine.root}${KERNEL}`]);
    expect(await machine.setup('trust', 'add', '192.0.2.0/24')).toMatchObject({ code: 1 });
    expect([machine.read(LIST), machine.read(OPTIONS)]).toEqual([before, options]);
    expect(await machine.setup('trust')).toMatchObject({ code: 2, stderr: expect.stringContaining('seen') });
  });
});

const scratch = mkdtempSync(join(tmpdir(), 'toa-bake-lists-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A function of filter.sh by itself, for a list of trusted networks, which it finds at $LIST. */
async function ofFilter(shell: Shell, list: string, call: string): Promise<string> {
  const file = join(scratch, createHash('sha256').update(shell).update(list).digest('hex'));
  writeFileSync(file, list);
  const program = `read_env() { :; }; trusted() { cat "$LIST"; }; LIST=${file}
    LIB=guest STATE=/none R=/none TOA_UNTRUSTED=strip TOA_KINDS=254,28; . guest/filter.sh; mark() { echo m; }; ${call}`;
  const [command = '', ...args] = shell === 'busybox' ? ['busybox', 'sh'] : [shell];
  const { stdout } = await execa(command, [...args, '-c', program], { cwd: inRepo('.') });
  return stdout;
}

describe.each(SHELLS)('lists of a packet filter under %s', (shell) => {
  it.each([
    ['203.0.113.0/24\n2001:db8::/32\n# none\n\n192.0.2.7 # one\n::/0\n0.0.0.0/0\n1:2:3:4:5:6:7::/112\nfe80::1\n', ''],
    ['10.0.0.0/8\n10.0.0.1/8\n', 'line 2: 10.0.0.1/8'],
    ['10.0.0/8\n', 'line 1: 10.0.0/8'],
    ['10.0.0.0/33\n', 'line 1: 10.0.0.0/33'],
    ['10.0.0.256\n', 'line 1: 10.0.0.256'],
    ['10.0.0.0/08x\n', 'line 1: 10.0.0.0/08x'],
    ['10.0.0.0/8 11.0.0.0/8\n', 'line 1: 10.0.0.0/8 11.0.0.0/8'],
    ['any\n', 'line 1: any'],
    ['2001:db8::1/64\n', 'line 1: 2001:db8::1/64'],
    ['2001:db8:0:8000::/48\n', 'line 1: 2001:db8:0:8000::/48'],
    ['2001:db8::/129\n', 'line 1: 2001:db8::/129'],
    ['2001::db8::/64\n', 'line 1: 2001::db8::/64'],
    ['2001:db8:::/64\n', 'line 1: 2001:db8:::/64'],
    ['1:2:3:4:5:6:7\n', 'line 1: 1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7:8:9\n', 'line 1: 1:2:3:4:5:6:7:8:9'],
    ['20001:db8::\n', 'line 1: 20001:db8::'],
    ['::ffff:192.0.2.0/120\n', 'line 1: ::ffff:192.0.2.0/120'],
  ])('%j', async (list, bad) => {
    expect(await ofFilter(shell, list, 'bad_network "$LIST"')).toBe(bad);
  });

  it('make the same rules under every shell', async () => {
    const list = '203.0.113.0/24\n198.51.100.0/24\n2001:db8::/32\n';
    for (const call of ['nft_rules owner', 'JUMP=; xt_rules iptables seen', "JUMP=; xt_rules ip6tables ''"]) {
      const rules = await ofFilter(shell, list, call);
      expect(rules).toContain('2');
      expect(rules).toBe(await ofFilter('dash', list, call));
    }
  });
});
