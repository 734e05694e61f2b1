/** User-data that fetches install-toa.sh: real downloads by curl, Python and wget, from a server of the test, into fake roots. */

import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type FakeMachine, KERNEL, type MachineParts, SHELLS, type Shell } from '../support/fakeroot.ts';
import { serveHttps } from '../support/https.ts';
import { fake, module, payload, RECEIPT, ran, receipt } from '../support/setup.ts';

const SCRIPT = payload().script;
const BYTES = Buffer.from(SCRIPT);
const OTHER = '#!/bin/sh\necho "the other one: $*"\n';
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** Whether the next boot would go on from here, looked at while a download is asked for. */
const promised: boolean[] = [];
let asking: FakeMachine | undefined;
const PER_BOOT = '/var/lib/cloud/scripts/per-boot/toa';
const stumbled = new Set<string>();

const plain = createServer((_, response) => response.end(SCRIPT));
await new Promise<void>((listening) => plain.listen(0, 'localhost', listening));
const web = await serveHttps({
  '/good': (_, response) => response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES),
  '/watched': (_, response) => {
    promised.push(asking?.has(PER_BOOT) === true);
    response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES);
  },
  '/other': (_, response) => response.writeHead(200).end(OTHER),
  '/cut': (_, response) => {
    response.writeHead(200, { 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, 20_000), () => setTimeout(() => response.destroy(), 50));
  },
  ...Object.fromEntries(
    ['curl', 'python3', 'wget'].map((tool) => [
      `/cut-once-${tool}`,
      (request: { headers: { range?: string } }, response: import('node:http').ServerResponse) => {
        const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
        const range = from > 0 ? { 'content-range': `bytes ${from}-${BYTES.length - 1}/${BYTES.length}` } : {};
        response.writeHead(from > 0 ? 206 : 200, { ...range, 'content-length': BYTES.length - from });
        if (stumbled.has(tool)) return response.end(BYTES.subarray(from));
        stumbled.add(tool);
        return response.write(BYTES.subarray(from, 20_000), () => setTimeout(() => response.destroy(), 50));
      },
    ]),
  ),
  '/endless': (_, response) => {
    response.writeHead(200);
    const more = () => void (response.destroyed || response.write('x'.repeat(65_536), () => setImmediate(more)));
    more();
  },
  '/moved': (_, response) => response.writeHead(302, { location: '/good' }).end(),
  '/downgrade': (_, response) =>
    response.writeHead(302, { location: `http://localhost:${(plain.address() as AddressInfo).port}/` }).end(),
});
afterAll(() => Promise.all([web.close(), new Promise((closed) => plain.close(closed))]));

/** What user-data carries, for a script at this path. */
const carriedFor = (path: string, origin = web.origin): string =>
  payload('debian-12', `, payload: {url: "${origin}${path}"}`).carried;

const machineWith = (shell: Shell, tool: string, parts: MachineParts = {}): FakeMachine =>
  fake(shell, {
    ...{ commands: ['gcc', 'make', 'strip', ...(tool === 'curl' ? ['python3'] : [])] },
    ...(tool !== '' && { tools: [tool] }),
    files: { [`${PER_BOOT}.other`]: '' },
    ...parts,
  });
const run = async (machine: FakeMachine, path: string, env = {}) =>
  await machine.install(carriedFor(path), ['all'], { ...web.env, ...env });

/** Nothing is installed, the next boot does not try again, and the receipt says why. */
function expectFailed(machine: FakeMachine, reason: RegExp): void {
  expect(receipt(machine)).toMatchObject({
    ...{ result: 'failed', step: 'fetch', code: 17, target: 'debian-12', method: 'module', kernels: [], verify: null },
    reason: expect.stringMatching(reason),
  });
  expect(machine.has(PER_BOOT)).toBe(false);
  expect(readdirSync(join(machine.root, 'usr/local/sbin'))).toEqual([]);
  expect(machine.has('/var/lib/toa/install-toa.sh')).toBe(false);
}

const BY: readonly [Shell, string][] = [
  ...SHELLS.map((shell) => [shell, 'curl'] as const),
  ['dash', 'python3'],
  ['dash', 'wget'],
].map(([shell = 'dash', tool = 'curl']) => [shell as Shell, tool]);

describe.each(BY)('user-data that fetches the script, under %s by %s', (shell, tool) => {
  // Without the fake Python nothing can be verified, and with a real one nothing is seen.
  const code = { curl: 0, python3: 1, wget: 0 }[tool];

  it('takes it and runs all; a power cut meanwhile would be made good at the next boot', async () => {
    const machine = machineWith(shell, tool);
    asking = machine;
    promised.length = 0;
    const said = await run(machine, '/watched');
    expect(said, said.stderr).toMatchObject({ code });
    expect(promised).toEqual([true]);
    expect([
      machine.read('/var/lib/toa/install-toa.sh') === SCRIPT,
      machine.mode('/var/lib/toa/install-toa.sh'),
    ]).toEqual([true, '700']);
    expect([machine.has(module(KERNEL)), machine.has(PER_BOOT), machine.has('/var/lib/toa/fetch')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(receipt(machine)).toMatchObject({ step: 'verify', code });
  });

  it('refuses another file; the same one is taken where it is the one that is asked for', async () => {
    const machine = machineWith(shell, tool);
    expect(await run(machine, '/other')).toMatchObject({ code: 17, stdout: '' });
    expectFailed(machine, new RegExp(`/other is not the file that is pinned: its sha256 is ${hashOf(OTHER)}$`));
    const asks = carriedFor('/other').replace(hashOf(SCRIPT), hashOf(OTHER));
    expect(await machine.install(asks, ['all'], web.env)).toMatchObject({ code: 0, stdout: 'the other one: all\n' });
  });

  it('gives up on a server that is not there after three tries', async () => {
    const machine = machineWith(shell, tool);
    const said = await machine.install(carriedFor('/good', 'https://localhost:9'), ['all'], web.env);
    expect([said.code, ran(said, 'sleep').length]).toEqual([17, 2]);
    expectFailed(machine, /^could not fetch https:\/\/localhost:9\/good: .*(refused|connect)/i);
  });

  it('goes on where it was cut off', async () => {
    const machine = machineWith(shell, tool);
    stumbled.delete(tool);
    const said = await run(machine, `/cut-once-${tool}`);
    expect(said, said.stderr).toMatchObject({ code });
    expect(stumbled.has(tool)).toBe(true);
    expect(machine.read('/var/lib/toa/install-toa.sh') === SCRIPT).toBe(true);
  });

  it('gives up where it is cut off each time', async () => {
    const machine = machineWith(shell, tool);
    expect(await run(machine, '/cut')).toMatchObject({ code: 17 });
    expectFailed(machine, /^could not fetch/);
  });

  it('ends what has no end, and fills no disk', async () => {
    const machine = machineWith(shell, tool);
    expect(await run(machine, '/endless')).toMatchObject({ code: 17 });
    expectFailed(machine, /is larger than \d+ bytes$/);
    expect(readdirSync(join(machine.root, 'var/lib/toa/fetch'))).toEqual([]);
    expect(statSync(join(machine.root, 'var/lib/toa/build.log')).size).toBeLessThan(10_000);
  });

  it('is not led to plain http, be the file the right one', async () => {
    const machine = machineWith(shell, tool);
    expect(await run(machine, '/downgrade')).toMatchObject({ code: 17 });
    expectFailed(machine, /^could not fetch/);
    if (tool !== 'wget') expect(await run(machine, '/moved')).toMatchObject({ code });
  });

  it('believes no certificate that nobody signed', async () => {
    const machine = machineWith(shell, tool);
    expect(await machine.install(carriedFor('/good'), ['all'])).toMatchObject({ code: 17 });
    expectFailed(machine, /certificate/i);
  });
});

describe('user-data that fetches the script', () => {
  it('says that nothing that downloads is here', async () => {
    const machine = machineWith('dash', '', { commands: [] });
    expect(await run(machine, '/good')).toMatchObject({ code: 17 });
    expectFailed(machine, /none of curl \(7\.20\.2 or newer\), Python and wget is here/);
  });

  it('goes to the next program where Python is too old to look at certificates', async () => {
    const machine = machineWith('dash', 'wget', { commands: ['gcc', 'make', 'strip', 'python3'] });
    machine.steer({ 'probe-code': '1' });
    expect(await run(machine, '/good')).toMatchObject({ code: 1 });
    expect(machine.read('/var/lib/toa/install-toa.sh') === SCRIPT).toBe(true);
  });

  it('leaves a machine without cloud-init no script for the next boot, and one with another verb neither', async () => {
    const machine = fake('dash', { tools: ['curl'] });
    expect(await run(machine, '/good')).toMatchObject({ code: 0 });
    expect(machine.has('/var/lib/cloud')).toBe(false);
    const asked = machineWith('dash', 'curl');
    asking = asked;
    promised.length = 0;
    expect(await asked.install(carriedFor('/watched'), ['preflight'], web.env)).toMatchObject({ code: 0 });
    expect([promised, asked.has(RECEIPT)]).toEqual([[false], false]);
  });
});
