/** Terraform itself on an instance of the module. It is the one tool that no registry has: where it is missing, this is skipped. */

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CLOUDS } from '../../src/catalog/clouds.ts';
import { inFolder } from '../support/cli.ts';
import { moduleFiles, terraform, terraformIsHere, type Wish } from '../support/terraform.ts';

describe.skipIf(!terraformIsHere)('terraform, where the machine has it', () => {
  /** What an instance of the module gives out, or why not. Everything it says is there; a warning is a fault. */
  async function apply(wish: Wish, args: readonly string[] = [], spoil: (folder: string) => void = () => undefined) {
    return await inFolder(moduleFiles(wish), (folder) => {
      spoil(folder);
      const init = terraform(folder, ['init', '-input=false', '-no-color']);
      const { code, stdout, stderr } = terraform(folder, [
        'apply',
        '-auto-approve',
        '-no-color',
        '-input=false',
        ...args,
      ]);
      const said = `${init.stdout}${init.stderr}${stdout}${stderr}`;
      expect(said).not.toContain('Warning');
      const outputs = Object.entries<{ value: unknown }>(JSON.parse(terraform(folder, ['output', '-json']).stdout));
      return {
        code,
        said: said.replace(/\s+/g, ' '),
        values: Object.fromEntries(outputs.map(([k, v]) => [k, v.value])),
      };
    });
  }

  it('init, validate and test pass without a provider, and fmt has nothing to do', async () => {
    await inFolder(moduleFiles({ clouds: CLOUDS.map(({ id }) => id) }), (folder) => {
      expect(terraform(folder, ['fmt', '-check', '-recursive', '-diff'])).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(terraform(folder, ['init', '-input=false']).code).toBe(0);
      const { valid, warning_count } = JSON.parse(terraform(folder, ['validate', '-json']).stdout);
      expect({ valid, warning_count }).toEqual({ valid: true, warning_count: 0 });
      const { stdout, stderr } = terraform(folder, ['test', '-no-color']);
      expect(stderr).toBe('');
      expect(stdout).toContain('Success! 3 passed, 0 failed.');
    });
  });

  it('terraform test fails where the user-data is not cloud-init’s', async () => {
    await inFolder(moduleFiles({ userData: 'hello\n' }), (folder) => {
      terraform(folder, ['init', '-input=false']);
      const { code, stdout } = terraform(folder, ['test', '-no-color']);
      expect(code).toBe(1);
      expect(stdout).toContain('2 passed, 1 failed');
    });
  });

  it('gives the bytes of the file, their number and their hash', async () => {
    const userData = Buffer.from(String(moduleFiles()['user-data']));
    const { values } = await apply({});
    expect(values).toMatchObject({
      user_data: userData.toString(),
      user_data_base64: userData.toString('base64'),
      user_data_bytes: userData.length,
      user_data_limit: 32_768,
      user_data_sha256: createHash('sha256').update(userData).digest('hex'),
      ready_means_working: false,
    });
  });

  it.each([0, 1, 2])('counts bytes, not characters, with %i bytes of padding', async (more) => {
    const userData = `#cloud-config\n# é網🦫${'x'.repeat(more)}\n`;
    expect((await apply({ userData })).values.user_data_bytes).toBe(Buffer.byteLength(userData));
  });

  it('hands over the gzip where the cloud’s limit leaves only that', async () => {
    const userData = `#cloud-config\n${'# long\n'.repeat(3000)}`;
    const wish = { clouds: ['alibaba-ecs', 'aws-ec2'], userData, gzip: true };
    expect((await apply(wish)).values.user_data_base64).toBe(Buffer.from(userData).toString('base64'));
    const { values } = await apply(wish, ['-var=cloud=aws-ec2']);
    const sent = Buffer.from(String(values.user_data_base64), 'base64');
    expect(gunzipSync(sent).toString()).toBe(userData);
    expect(values).toMatchObject({
      user_data: userData,
      user_data_bytes: sent.length,
      user_data_sha256: createHash('sha256').update(sent).digest('hex'),
    });
  });

  const filled = (bytes: number): string => `#cloud-config\n#${'x'.repeat(bytes - 16)}\n`;

  it.each([
    ['the size that the cloud takes', 32_768, [], 0],
    ['one byte more', 32_769, [], 1],
    ['the size that is safe', 16_384, ['-var=limit=safe'], 0],
    ['one byte more than is safe', 16_385, ['-var=limit=safe'], 1],
  ])('%s: %i', async (_, bytes, args, code) => {
    const run = await apply({ userData: filled(bytes) }, args);
    expect(run.code).toBe(code);
    const most = args.length > 0 ? 16_384 : 32_768;
    if (code === 1) expect(run.said).toContain(`has ${bytes} bytes; Alibaba Cloud ECS takes at most ${most}.`);
  });

  it('holds no limit where the spec names no cloud', async () => {
    expect((await apply({ clouds: [], userData: filled(100_000) })).code).toBe(0);
  });

  it('refuses a file whose line endings were changed', async () => {
    const { code, said, values } = await apply({}, [], (folder) => {
      const path = join(folder, 'user-data');
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll('\n', '\r\n'));
    });
    expect({ code, base64: values.user_data_base64 }).toEqual({ code: 1, base64: undefined });
    expect(said).toContain('Not as toa-bake rendered it: user-data in');
  });

  it.each([
    ['cloud', 'aws-ec2', 'cloud must be one that the spec names: alibaba-ecs, gcp.'],
    ['limit', 'none', 'limit must be current or safe.'],
  ])('refuses %s=%s by name', async (name, value, message) => {
    const { code, said } = await apply({ clouds: ['alibaba-ecs', 'gcp'] }, [`-var=${name}=${value}`]);
    expect(code).toBe(1);
    expect(said).toContain(message);
  });
});
