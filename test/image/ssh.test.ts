import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReader } from '../../src/image/open.ts';
import { describeAll, describeImage, makeRoot, opened, scratch } from './tree.ts';

const dir = scratch();
const root = join(dir, 'root');
const path = env.PATH;

/** An ssh that notes its arguments and runs the command here, as a login shell would. */
const FAKE = `#!/bin/sh
printf '%s\\n' "$*" | head -n 1 >> "$(dirname "$0")/asked"
while [ "$1" != -- ]; do shift; done
case $2 in gone) echo 'ssh: connect to host gone port 22: Connection refused' >&2; exit 255 ;; esac
exec sh -c "$3"
`;

beforeAll(() => {
  makeRoot(root);
  mkdirSync(join(dir, 'bin'));
  writeFileSync(join(dir, 'bin/ssh'), FAKE);
  chmodSync(join(dir, 'bin/ssh'), 0o755);
  env.PATH = `${join(dir, 'bin')}:${path}`;
});
afterAll(() => {
  env.PATH = path;
});

describe('a machine by ssh', () => {
  it('answers as its files are', async () => {
    const reader = await opened('ssh://user@machine:2222');
    const below = await describeAll(reader, `${root}/etc`);
    const expected = Object.entries(await describeImage(root)).filter(([name]) => name.startsWith('/etc'));
    expect(Object.entries(below).map(([name, said]) => [name.slice(root.length), said])).toEqual(expected);
    expect(await reader.read(`${root}/boot/vmlinuz`, 100)).toEqual({
      state: 'unknown',
      why: 'it has more than 100 bytes',
    });
    expect(await reader.part(`${root}/etc/passwd`, 5, 3)).toEqual({ state: 'known', value: Buffer.from('x:0') });
    expect(await reader.stat(`${root}/dangling`)).toEqual({ state: 'absent' });
    expect(await reader.stat(`${root}/loop`)).toMatchObject({ state: 'unknown' });
    expect(await reader.readlink(`${root}/etc/passwd`)).toEqual({ state: 'absent' });
    expect(await reader.list(`${root}/etc/passwd`)).toMatchObject({ state: 'unknown' });
    expect(await reader.read('/proc/sys/kernel/ostype')).toEqual({ state: 'known', value: Buffer.from('Linux\n') });
    await reader.close();
    expect(await reader.stat('/')).toEqual({ state: 'unknown', why: 'the connection was closed' });
  });

  it('runs programs with their words and input as they are', async () => {
    const reader = await opened('ssh://machine');
    const found = await reader.run?.(
      ['sh', '-c', 'cat; printf %s "$1"; exit 3', 'sh', "it's $HOME"],
      Buffer.from('input '),
    );
    expect(found).toMatchObject({
      state: 'known',
      value: { code: 3, stdout: new Uint8Array(Buffer.from("input it's $HOME")) },
    });
    await reader.close();
  });

  it.each([
    ['ssh://gone', 'ssh: ssh: connect to host gone port 22: Connection refused'],
    ['ssh://-oProxyCommand=id', 'it is no address of the form ssh://USER@HOST or ssh://USER@HOST:PORT'],
    ['ssh://a b', 'it is no address of the form ssh://USER@HOST or ssh://USER@HOST:PORT'],
  ])('%s: unknown, because', async (what, why) => {
    expect(await openReader(what)).toEqual({ state: 'unknown', why });
  });
});
