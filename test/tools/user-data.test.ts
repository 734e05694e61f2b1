import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { inFolder, runCli } from '../support/cli.ts';

/** One row of each family and each age of cloud-init. */
const TARGETS = ['debian-12', 'ubuntu-24.04', 'centos-7', 'rocky-9', 'sles-15'];

/** One that fetches its script, whose user-data is another. */
const FETCHING = '{os: debian-13, payload: {url: "https://example.com/install-toa.sh"}}';

const rendered = await inFolder(
  {
    'toa.yaml': `version: 1\ntrust: [198.18.7.0/24]\nmethod: module\ntargets: [${[...TARGETS, FETCHING].join(', ')}]\n`,
  },
  async (folder) => {
    const { code, stderr } = await runCli(folder, ['render']);
    if (code !== 0) throw new Error(stderr);
    return [...TARGETS, 'debian-13'].map((id) => {
      const read = (path: string): Buffer => readFileSync(join(folder, 'out', id, path));
      const script = id === 'debian-13' ? undefined : read('script/install-toa.sh');
      return { id, userData: read('cloud-init/user-data'), script };
    });
  },
);

describe.each(rendered)('user-data of $id', ({ userData, script }) => {
  it('is plain text as every cloud takes it: ASCII, LF, #cloud-config first', () => {
    expect(userData.toString('latin1')).toMatch(/^#cloud-config\n[\n -~]*\n$/);
  });

  it('carries the script, whole, or a smaller one', () => {
    const { write_files, runcmd } = parseDocument(userData.toString(), { version: '1.1' }).toJS();
    expect(write_files).toHaveLength(1);
    const [file] = write_files;
    const carried = gunzipSync(Buffer.from(file.content, 'base64'));
    if (script) expect(carried).toEqual(script);
    else expect(carried.toString()).toContain('\nurl https://example.com/install-toa.sh\n');
    expect(file).toMatchObject({ owner: 'root:root', permissions: '0700', encoding: 'gz+b64' });
    expect(runcmd).toEqual([['sh', file.path, 'all']]);
  });

  it('is read by the YAML reader and the decoder that cloud-init itself uses', () => {
    const read = `
import sys, base64, gzip, yaml
data = yaml.safe_load(sys.stdin.buffer.read())
sys.stdout.buffer.write(gzip.decompress(base64.b64decode(data["write_files"][0]["content"])))`;
    const carried = execFileSync('/usr/bin/python3', ['-c', read], { input: userData });
    if (script) expect(carried).toEqual(script);
    else expect(carried.toString()).toMatch(/^#!\/bin\/sh\n/);
  });

  it('fits the schema of the real cloud-init', async () => {
    expect(await schemaSays(userData)).toMatchObject({ status: 0 });
  });
});

describe('the schema check', () => {
  it('is one that can fail', async () => {
    const [good] = rendered;
    const broken = good?.userData.toString().replace(/runcmd:[\s\S]*?\npower/, 'runcmd: 12\npower') ?? '';
    expect(broken).toContain('runcmd: 12');
    const { status, words } = await schemaSays(broken);
    expect(status).not.toBe(0);
    expect(words).toContain('runcmd');
  });
});

function schemaSays(userData: string | Buffer): Promise<{ readonly status: number | null; readonly words: string }> {
  return inFolder({ 'user-data': userData }, (folder) => {
    const { status, stdout, stderr } = spawnSync('cloud-init', ['schema', '--config-file', join(folder, 'user-data')]);
    return { status, words: `${stdout}${stderr}` };
  });
}
