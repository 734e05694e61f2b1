/** The transcripts are made in this process from the source; the built program, whose schema is compiled ahead, says the same. */

import { expect, it } from 'vitest';
import { inFolder, runBuilt, runCli } from '../support/cli.ts';

const BAD = `version: 2
trust: [198.18.7.1/24, x]
clouds: [ecs]
targets: [debian-21, {os: centos-7, method: rmp}, {os: debian-12, frobnicate: 1}]
files: [{url: "http://example.net/x", role: source}]
`;

it.each([
  ['a spec with many faults', BAD, ['plan']],
  ['the same as JSON', BAD, ['plan', '--json']],
  ['a spec that fits', 'version: 1\ntrust: [198.18.7.0/24]\ntargets: [debian-12]\n', ['plan']],
  ['a spec to start from', '', ['init', '-o', 'new.yaml']],
  ['a usage error', '', ['render', '--nonsense']],
])('%s', async (_, spec, args) => {
  await inFolder({ 'toa.yaml': spec }, async (folder) => {
    const built = await runBuilt(folder, args);
    await inFolder({ 'toa.yaml': spec }, async (other) => expect(built).toEqual(await runCli(other, args)));
    expect(built.stdout + built.stderr).not.toBe('');
  });
});
