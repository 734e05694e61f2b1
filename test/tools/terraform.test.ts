/** What is rendered of terraform/, its module, README and examples, as the parser sees them: all that can be said without Terraform. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CLOUDS } from '../../src/catalog/clouds.ts';
import { inFolder } from '../support/cli.ts';
import { moduleFiles } from '../support/terraform.ts';
import {
  type Block,
  examples,
  hclFiles,
  keys,
  MERGE_TYPE,
  module,
  namesIn,
  read,
  sources,
} from '../support/terraform-hcl.ts';

const EVERY_CLOUD = CLOUDS.map(({ id }) => id);

describe('what is rendered', () => {
  const files = moduleFiles({ clouds: EVERY_CLOUD, gzip: true });

  it('is every file of terraform/ as it is, and three made for the plan', () => {
    expect(keys(files)).toEqual([...sources, 'toa.json', 'user-data', 'user-data.gz'].sort());
    for (const path of sources) expect(files[path], path).toBe(read(path));
  });

  it('says of the user-data what the files say', () => {
    const data = JSON.parse(String(files['toa.json']));
    for (const name of ['user-data', 'user-data.gz']) {
      const content = files[name];
      if (content === undefined || (typeof content === 'object' && 'link' in content)) throw new Error(name);
      expect(data.sha256[name]).toBe(createHash('sha256').update(content).digest('hex'));
    }
    expect(data.clouds.map(({ id }: { id: string }) => id)).toEqual(EVERY_CLOUD);
    expect(String(files['user-data'])).toContain(`# payload sha256 ${data.payload}\n`);
  });

  it('is the same every time, and follows the spec', () => {
    expect(moduleFiles()).toEqual(moduleFiles());
    expect(JSON.parse(String(moduleFiles()['toa.json'])).ready_means_working).toBe(false);
    const strict = moduleFiles({ more: 'boot: {onFailure: fail}\n' });
    expect(JSON.parse(String(strict['toa.json'])).ready_means_working).toBe(true);
  });

  it('is small where the script is fetched', () => {
    const files = moduleFiles({ clouds: ['tencent-cvm'], more: 'payload: {url: "https://example.com/a.sh"}\n' });
    const { clouds } = JSON.parse(String(files['toa.json']));
    expect(String(files['user-data']).length).toBeLessThan(4096);
    expect(clouds[0].fail_bytes).toBeGreaterThan(4096);
    expect(String(moduleFiles({ clouds: ['tencent-cvm'] })['user-data']).length).toBeGreaterThan(clouds[0].fail_bytes);
  });

  it.each([
    ['alibaba-ecs', ['alicloud-ess', 'alicloud-instance', 'alicloud-launch-template', 'cloudinit-config']],
    ['aws-ec2', ['aws-launch-template', 'cloudinit-config']],
    ['azure', ['cloudinit-config']],
  ])('has the examples of the clouds that the spec names: %s', (cloud, expected) => {
    const found = keys(moduleFiles({ clouds: [cloud] })).map((path) => /^examples\/([^/]+)/.exec(path)?.[1]);
    expect([...new Set(found.filter((name) => name !== undefined))]).toEqual(expected);
  });
});

describe('the module', () => {
  it('has no provider and creates nothing', () => {
    expect(keys(module)).toEqual(['locals', 'output', 'terraform', 'variable']);
    expect(module.terraform).toEqual([{ required_version: '>= 1.9' }]);
  });

  it('uses every variable, and no other', () => {
    expect(namesIn(module, 'var.')).toEqual(keys(module.variable));
  });

  it('says what each variable and output is, and checks each variable', () => {
    for (const [block] of Object.values({ ...module.variable, ...module.output }))
      expect(block?.description).toMatch(/\.$/);
    for (const [block] of Object.values(module.variable ?? {})) expect(block?.validation).toHaveLength(1);
  });

  it.each(['user_data', 'user_data_base64'])('judges changed files and the limit before it gives out %s', (name) => {
    const [output] = module.output?.[name] ?? [];
    expect(JSON.stringify(output?.precondition)).toMatch(/local\.changed.*local\.fits/);
  });
});

describe('README.md', () => {
  const rows = [...read('README.md').matchAll(/^\| <a name="(input|output)_\w+"><\/a> \[(.+?)\]\(.*?\) \| (.+) \|$/gm)];
  const listed = (kind: string): Readonly<Record<string, readonly string[]>> =>
    Object.fromEntries(
      rows.filter((row) => row[1] === kind).map((row) => [row[2]?.replaceAll('\\', ''), row[3]?.split(' | ') ?? []]),
    );

  it('lists the outputs as terraform-docs would: all, and no other', () => {
    const outputs = Object.entries(module.output ?? {}).map(([name, [block]]) => [name, [block?.description]]);
    expect(listed('output')).toEqual(Object.fromEntries(outputs));
  });

  it('lists the variables with type, default and whether they must be given', () => {
    const variables = Object.entries(module.variable ?? {}).map(([name, [block]]) => {
      const type = String(block?.type).replace(/^\$\{|\}$/g, '');
      const fallback = block && 'default' in block ? `\`${JSON.stringify(block.default)}\`` : 'n/a';
      return [name, [block?.description, `\`${type}\``, fallback, fallback === 'n/a' ? 'yes' : 'no']];
    });
    expect(listed('input')).toEqual(Object.fromEntries(variables));
  });
});

/** Which output each resource must be given: the documentation of its provider says raw text, base64 or either. */
const HANDED_OVER: Readonly<Record<string, string>> = {
  alicloud_instance: 'module.toa.user_data_base64',
  alicloud_ecs_launch_template: 'module.toa.user_data_base64',
  aws_launch_template: 'module.toa.user_data_base64',
  alicloud_ess_scaling_configuration: 'data.cloudinit_config.origin.rendered',
};

describe.each(examples)('$name', ({ hcl }) => {
  it('uses what the module gives, and every variable of its own', () => {
    expect(keys(module.output)).toEqual(expect.arrayContaining([...namesIn(hcl, 'module.toa.')]));
    expect(namesIn(hcl, 'module.toa.')).not.toEqual([]);
    expect(namesIn(hcl, 'var.')).toEqual(keys(hcl.variable));
  });

  it('requires each provider that it uses, and no other', () => {
    const types = [...keys(hcl.resource), ...keys(hcl.data)].map((type) => type.split('_')[0]);
    const [{ required_providers: required } = {}] = hcl.terraform ?? [];
    expect(keys(Object.assign({}, ...(required as readonly object[])))).toEqual([...new Set(types)].sort());
  });

  it('hands the user-data over in the form that the resource takes', () => {
    const handed = Object.entries(hcl.resource ?? {}).flatMap(([type, named]) =>
      Object.values(named)
        .filter(([block]) => block && 'user_data' in block)
        .map(([block]) => [type, block?.user_data]),
    );
    expect(handed).toEqual(handed.map(([type]) => [type, `\${${HANDED_OVER[String(type)]}}`]));
    const parts = Object.values(hcl.data?.cloudinit_config ?? {}).flatMap(([block]) => block?.part as readonly Block[]);
    expect(handed.length + parts.length).toBeGreaterThan(0);
    // The later of two cloud-config parts says how to merge, or one of them is lost.
    expect(parts.map((part) => part.merge_type)).toEqual(parts.map((_, at) => (at === 0 ? undefined : MERGE_TYPE)));
  });
});

describe('the format', () => {
  it.each(hclFiles)('%s is as `packer fmt` prints it, whose rules are the same', async (path) => {
    expect(await packerFmt(read(path))).toBe(0);
  });

  it('is one that can be wrong', async () => {
    expect(await packerFmt('a = 1\nbbb = 2\n')).not.toBe(0);
  });
});

/** Only files of this name are looked at. */
function packerFmt(text: string): Promise<number | null> {
  return inFolder(
    { 'x.pkr.hcl': text },
    (folder) =>
      spawnSync('packer', ['fmt', '-check', folder], { env: { ...process.env, CHECKPOINT_DISABLE: '1' } }).status,
  );
}
