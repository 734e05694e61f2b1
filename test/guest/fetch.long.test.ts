/** The verb fetch: real downloads by curl, Python and wget, from a server of the test, into fake roots. */

import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type FakeMachine, KERNEL, SHELLS, type Shell } from '../support/fakeroot.ts';
import { serveHttps } from '../support/https.ts';
import { fake, RECEIPT, receipt, script } from '../support/setup.ts';

const BYTES = Buffer.from('what is pinned\n'.repeat(20_000));
const hashOf = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
let cuts = 0;

const web = await serveHttps({
  '/good': (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const headers = from > 0 ? { 'content-range': `bytes ${from}-${BYTES.length - 1}/${BYTES.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { ...headers, 'content-length': BYTES.length - from });
    response.end(BYTES.subarray(from));
  },
  // Half of it and no more, each time.
  '/cut': (_, response) => {
    cuts += 1;
    response.writeHead(200, { 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, BYTES.length / 2), () => setTimeout(() => response.destroy(), 50));
  },
  '/moved': (_, response) => response.writeHead(302, { location: '/good' }).end(),
  '/downgrade': (_, response) => response.writeHead(302, { location: 'http://localhost:9/good' }).end(),
});
afterAll(() => web.close());

/** Method prebuilt, whose file is at this path. */
function planFor(path: string, sha256 = hashOf(BYTES)): string {
  const file = `{url: "${web.origin}${path}", sha256: "${sha256}", role: module, release: ${KERNEL}}`;
  return script('debian-12', `, method: prebuilt, trust: any, files: [${file}]`);
}

const FETCHED = `/var/lib/toa/fetch/${hashOf(BYTES)}`;
const kept = (machine: FakeMachine) => readdirSync(join(machine.root, '/var/lib/toa/fetch'));
const machineWith = (shell: Shell, ...tools: readonly string[]) => fake(shell, { commands: [], tools, headers: [] });

const BY: readonly [Shell, string][] = [
  ...SHELLS.map((shell) => [shell, 'curl'] as const),
  ['dash', 'python3'],
  ['dash', 'wget'],
].map(([shell = 'dash', tool = 'curl']) => [shell as Shell, tool]);

describe.concurrent.each(BY)('fetch under %s by %s', (shell, tool) => {
  const fetch = async (machine: FakeMachine, path: string, sha256?: string, env = {}) =>
    await machine.install(planFor(path, sha256), ['fetch'], { ...web.env, ...env });

  it('gets what is pinned, once', async () => {
    const machine = machineWith(shell, tool);
    const run = await fetch(machine, '/good');
    expect(run.code, run.stderr).toBe(0);
    expect([machine.read(FETCHED) === BYTES.toString(), kept(machine).length]).toEqual([true, 1]);
    expect(receipt(machine)).toMatchObject({ result: 'ok', step: 'fetch', code: 0 });
    const again = await fetch(machine, '/none');
    expect([again.code, again.stderr]).toEqual([0, '']);
  });

  it('another file than the one that is pinned: exit 17, nothing is kept', async () => {
    const machine = machineWith(shell, tool);
    expect(await fetch(machine, '/good', hashOf('other'))).toMatchObject({ code: 17 });
    expect(receipt(machine)).toMatchObject({
      ...{ result: 'failed', step: 'fetch', code: 17 },
      reason: `${web.origin}/good is not the file that is pinned: its sha256 is ${hashOf(BYTES)}`,
    });
    expect(kept(machine)).toEqual([]);
  });

  it('no such file, and no such server: exit 17, with the address', async () => {
    const machine = machineWith(shell, tool);
    expect(await fetch(machine, '/none')).toMatchObject({ code: 17 });
    expect(receipt(machine).reason).toMatch(new RegExp(`could not fetch ${web.origin}/none: .*404`));
  });

  it('no redirection to plain http', async () => {
    const machine = machineWith(shell, tool);
    expect(await fetch(machine, '/downgrade')).toMatchObject({ code: 17 });
    expect(machine.has(FETCHED)).toBe(false);
    if (tool !== 'wget') expect(await fetch(machine, '/moved')).toMatchObject({ code: 0 });
  });

  it('a certificate that nobody signed: exit 17', async () => {
    const machine = machineWith(shell, tool);
    expect(await machine.install(planFor('/good'), ['fetch'])).toMatchObject({ code: 17 });
    expect(receipt(machine).reason).toMatch(/certificate/i);
  });

  it('more than the limit: exit 17, and no full disk', async () => {
    const machine = machineWith(shell, tool);
    expect(await fetch(machine, '/good', undefined, { TOA_FETCH_BLOCKS: '100' })).toMatchObject({ code: 17 });
    expect(receipt(machine).reason).toMatch(/is larger than 51200 bytes/);
    expect(kept(machine)).toEqual([]);
  });
});

describe('fetch that is cut off', () => {
  it('keeps what it got, and goes on from there', async () => {
    const machine = machineWith('dash', 'curl');
    const before = cuts;
    expect(await machine.install(planFor('/cut'), ['fetch'], web.env)).toMatchObject({ code: 17 });
    expect([cuts > before, kept(machine)]).toEqual([true, [`${hashOf(BYTES)}.part`]]);
    const run = await machine.install(planFor('/good'), ['fetch'], web.env);
    expect(run.code, run.stderr).toBe(0);
    expect(web.asked).toContain(`/good bytes=${BYTES.length / 2}-`);
    expect(machine.read(FETCHED)).toBe(BYTES.toString());
  });

  it('a start that is of another file is given up', async () => {
    const machine = machineWith('dash', 'curl');
    machine.write({ [`${FETCHED}.part`]: 'something else' });
    const run = await machine.install(planFor('/good'), ['fetch'], web.env);
    expect(run.code, run.stderr).toBe(0);
    expect(machine.read(FETCHED)).toBe(BYTES.toString());
  });
});

describe('fetch', () => {
  it('removes what is pinned no more', async () => {
    const machine = machineWith('dash', 'curl');
    machine.write({ '/var/lib/toa/fetch/0123': 'old', '/var/lib/toa/fetch/0123.part': 'old' });
    expect(await machine.install(planFor('/good'), ['fetch'], web.env)).toMatchObject({ code: 0 });
    expect(kept(machine)).toEqual([hashOf(BYTES)]);
  });

  it('without any program that downloads: exit 17, and which there may be', async () => {
    const machine = machineWith('dash');
    expect(await machine.install(planFor('/good'), ['fetch'], web.env)).toMatchObject({ code: 17 });
    expect(receipt(machine).reason).toContain('none of curl (7.20.2 or newer), Python and wget is here');
  });

  it('has nothing to do for a reader that travels with the plan', async () => {
    const machine = machineWith('dash');
    expect(await machine.install(script(), ['fetch'])).toMatchObject({ code: 0, stderr: '' });
    expect([machine.has('/var/lib/toa/fetch'), machine.has(RECEIPT)]).toEqual([false, true]);
  });
});
