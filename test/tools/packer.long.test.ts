import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TARGETS } from '../../src/plan/targets.ts';
import type { Plan } from '../../src/plan/types.ts';
import { printHcl } from '../../src/render/hcl.ts';
import { packerProblem } from '../../src/render/packer.ts';
import { inFolder, inRepo, runCli } from '../support/cli.ts';
import { parseHcl } from '../support/hcl.ts';
import { DUMMIES, layOut, packer, packerFiles, plansOf, runIn } from '../support/packer.ts';
import { goldenImagePage } from '../support/packer-page.ts';
import { normal, value } from '../support/packer-values.ts';

const spec = (clouds: string, targets: readonly string[]): string =>
  `version: 1\ntrust: [198.18.7.0/24]\nmethod: module\nclouds: [${clouds}]\ntargets: [${targets.join(', ')}]\n`;

/** Which sources each combination of clouds gives, on one target of each family and on each architecture. */
const COMBINATIONS: readonly (readonly [clouds: string, target: string, sources: readonly string[]])[] = [
  ['', 'debian-12', ['qemu', 'null']],
  ['alibaba-ecs', 'debian-12', ['alicloud-ecs']],
  ['aws-ec2', 'ubuntu-24.04', ['amazon-ebs']],
  ['alibaba-ecs, aws-ec2', 'rocky-9', ['alicloud-ecs', 'amazon-ebs']],
  ['alibaba-ecs, aws-ec2', '{os: rocky-9, arch: arm64}', ['alicloud-ecs', 'amazon-ebs']],
  ['openstack, gcp', 'sles-15', ['qemu', 'null']],
  ['aws-ec2, azure', 'centos-7', ['amazon-ebs']],
];

/** Calls `use` with a folder that holds the template; without what this old Packer has built in. */
function inTemplate<T>(plan: Plan, use: (folder: string) => Promise<T>): Promise<T> {
  return inFolder({}, (folder) => {
    layOut(folder, packerFiles(plan));
    rmSync(join(folder, 'plugins.pkr.hcl'));
    return use(folder);
  });
}

/** `-var` for each variable of the template that Packer would not take as it is. */
function dummies(variables: string): readonly string[] {
  return Object.entries(DUMMIES)
    .filter(([name]) => variables.includes(`variable "${name}"`))
    .flatMap(([name, value]) => ['-var', `${name}=${value}`]);
}

const only = (plans: readonly Plan[]): Plan => {
  const [plan] = plans;
  if (!plan) throw new Error('no plan');
  return plan;
};

describe.each(COMBINATIONS)('clouds [%s], target %s', (clouds, target, sources) => {
  const plan = only(plansOf(spec(clouds, [target])));
  const files = packerFiles(plan);
  const text = (name: string): string => String(files.get(name)?.content);

  it('is formatted as packer does it', async () => {
    await inFolder({}, async (folder) => {
      layOut(folder, files);
      expect(await packer(folder, ['fmt', '-check', '-diff', '.'])).toEqual({ code: 0, text: '' });
      expect(await packer(folder, ['fmt', '-check', '-diff', 'fragment'])).toEqual({ code: 0, text: '' });
    });
  });

  it('is valid, without a warning', async () => {
    await inTemplate(plan, async (folder) => {
      expect(await packer(folder, ['validate', ...dummies(text('variables.pkr.hcl')), '.'])).toEqual({
        code: 0,
        text: '',
      });
    });
  });

  it('is read by the parser of today', async () => {
    const parsed = await Promise.all(
      ['plugins', 'variables', 'sources', 'build'].map((name) => parseHcl(name, text(`${name}.pkr.hcl`))),
    );
    const { packer: settings, source, build } = Object.assign({}, ...parsed);
    expect(Object.keys(source)).toEqual([...sources].sort());
    expect(build[0].sources).toEqual(sources.map((type) => `source.${type}.toa`));
    const plugins = Object.keys(settings[0].required_plugins?.[0] ?? {});
    expect(plugins.sort()).toEqual(sources.flatMap((type) => PLUGINS[type] ?? []).sort());
  });

  it('carries every file that it names, and no other', () => {
    const named = [...text('build.pkr.hcl').matchAll(/files\/([\w.-]+)/g)].map(([, name]) => `files/${name}`);
    expect([...files.keys()].filter((path) => path.startsWith('files/')).sort()).toEqual([...new Set(named)].sort());
  });
});

const PLUGINS: Readonly<Record<string, string>> = { 'alicloud-ecs': 'alicloud', 'amazon-ebs': 'amazon', qemu: 'qemu' };

describe('files that the spec names by path', () => {
  const HASH = '0'.repeat(64);
  const file = `{path: toa.ko, sha256: "${HASH}", role: module, release: 6.1.0-40-amd64}`;
  const text = `version: 1\ntrust: any\nmethod: prebuilt\nfiles: [${file}]\ntargets: [debian-12]\n`;
  const plan = only(plansOf(text));
  const files = packerFiles(plan, new Map([[HASH, Buffer.from('a module')]]));
  const inPlace = <T>(use: (folder: string) => Promise<T>): Promise<T> =>
    inFolder({}, (folder) => {
      layOut(folder, files);
      rmSync(join(folder, 'plugins.pkr.hcl'));
      return use(folder);
    });
  const given = dummies(String(files.get('variables.pkr.hcl')?.content));

  it('are uploaded as a folder: formatted, valid, and refused by Packer where the folder is not there', async () => {
    await inPlace(async (folder) => {
      expect(await packer(folder, ['fmt', '-check', '-diff', '.'])).toEqual({ code: 0, text: '' });
      expect(await packer(folder, ['fmt', '-check', '-diff', 'fragment'])).toEqual({ code: 0, text: '' });
      expect(await packer(folder, ['validate', ...given, '.'])).toEqual({ code: 0, text: '' });
      rmSync(join(folder, 'files/toa-files'), { recursive: true });
      expect(await packer(folder, ['validate', ...given, '.'])).toMatchObject({ code: 1 });
    });
  });

  it('are there, before the script runs, and not in a template without any', () => {
    expect(files.get('files/toa-files/000000000000-toa.ko')?.content).toEqual(Buffer.from('a module'));
    const build = String(files.get('build.pkr.hcl')?.content);
    expect(build.indexOf('files/toa-files')).toBeGreaterThan(0);
    expect(build.indexOf('files/toa-files')).toBeLessThan(build.indexOf('files/install.sh'));
    expect(String(files.get('fragment/provision.hcl')?.content)).toContain('files/toa-files');
    const without = packerFiles(only(plansOf(spec('', ['debian-12']))));
    expect([...without.values()].filter(({ content }) => String(content).includes('files/toa-files'))).toEqual([]);
  });
});

describe('a signing key', () => {
  const signing = 'secureBoot: enforced\nsigning: {key: "a \\"key\\" %{x}.pem", certificate: c.pem, onMachine: true}\n';
  const files = packerFiles(only(plansOf(`${spec('', ['debian-12'])}${signing}`)));
  const given = dummies(String(files.get('variables.pkr.hcl')?.content));

  it('is uploaded from where packer runs: formatted, valid, and refused by Packer where it is not there', async () => {
    await inFolder({ 'a "key" %{x}.pem': 'a key', 'c.pem': 'a certificate' }, async (folder) => {
      layOut(folder, files);
      rmSync(join(folder, 'plugins.pkr.hcl'));
      expect(await packer(folder, ['fmt', '-check', '-diff', '.'])).toEqual({ code: 0, text: '' });
      expect(await packer(folder, ['fmt', '-check', '-diff', 'fragment'])).toEqual({ code: 0, text: '' });
      expect(await packer(folder, ['validate', ...given, '.'])).toEqual({ code: 0, text: '' });
      rmSync(join(folder, 'c.pem'));
      expect(await packer(folder, ['validate', ...given, '.'])).toMatchObject({ code: 1 });
    });
  });

  it('comes before the script runs, and is in nothing that is rendered', () => {
    const build = String(files.get('build.pkr.hcl')?.content);
    expect(build.indexOf('/run/toa-signing/key.pem')).toBeGreaterThan(build.indexOf('files/signing.sh'));
    expect(build.indexOf('/run/toa-signing/key.pem')).toBeLessThan(build.indexOf('files/install.sh'));
    expect(String(files.get('fragment/toa.pkr.hcl')?.content)).toContain('variable "signing_key"');
    const without = packerFiles(only(plansOf(spec('', ['debian-12']))));
    const named = [...without.values()].filter(({ content }) => /signing_key|files\/signing/.test(String(content)));
    expect(named).toEqual([]);
  });
});

describe('every target of the catalog', () => {
  const ids = TARGETS.filter(({ arches }) => arches.includes('x86_64')).map(({ id }) => id);

  it('has a template that is parsed and formatted', async () => {
    await inFolder({}, async (folder) => {
      for (const plan of plansOf(spec('', ids))) {
        for (const name of ['variables', 'sources', 'build']) {
          const text = String(packerFiles(plan).get(`${name}.pkr.hcl`)?.content);
          await parseHcl(name, text);
          writeFileSync(join(folder, `${plan.id}-${name}.pkr.hcl`), text);
        }
      }
      expect(await packer(folder, ['fmt', '-check', '.'])).toEqual({ code: 0, text: '' });
    });
  });

  it('is one that Packer can build', () => {
    for (const plan of plansOf(spec('', ids))) expect(packerProblem(plan)).toBeUndefined();
  });
});

describe('a target that Packer cannot build', () => {
  const arm64 = '{os: debian-12, arch: arm64}';

  it('is refused where QEMU would have to be another machine and no cloud is named', () => {
    for (const clouds of ['', 'openstack', 'gcp']) {
      expect(packerProblem(only(plansOf(spec(clouds, [arm64]))))).toEqual({
        code: 'packer/no-image',
        severity: 'error',
        path: [],
        message:
          'Packer cannot build an image of debian-12-arm64: the qemu source is for x86_64, and clouds names none that builds for arm64',
        hint: 'add alibaba-ecs or aws-ec2 to clouds',
      });
    }
    expect(packerProblem(only(plansOf(spec('aws-ec2', [arm64]))))).toBeUndefined();
  });

  it('is refused where there is no image with cloud-init', () => {
    const plan = only(plansOf(spec('', ['debian-12'])));
    const without = { ...plan, target: { ...plan.target, cloudInit: null } };
    expect(packerProblem(without)).toMatchObject({ code: 'packer/no-image', severity: 'error' });
  });
});

describe('printHcl', () => {
  it('means to Packer what was meant: any value', async () => {
    const given = fc.sample(value, 200);
    const files = {
      'values.pkr.hcl': `locals {\n  values = ${printHcl(given, 1)}\n}\n`,
      // In base64: Packer reads what is written to a file as a template of its own once more.
      'build.pkr.hcl': `source "file" "values" {
  content = base64encode(jsonencode(local.values))
  target  = "values"
}

build {
  sources = ["source.file.values"]
}
`,
    };
    await inFolder(files, async (folder) => {
      const { code, text } = await packer(folder, ['build', '.']);
      expect(code, text).toBe(0);
      const read = Buffer.from(readFileSync(join(folder, 'values'), 'utf8'), 'base64').toString();
      expect(JSON.parse(read)).toEqual(normal(given));
    });
  });
});

describe('the tools', () => {
  const plan = only(plansOf(spec('', ['debian-12'])));

  it('packer is one that finds faults: in the format, in a name, in a value', async () => {
    await inTemplate(plan, async (folder) => {
      expect(await packer(folder, ['validate', '.'])).toMatchObject({ code: 1 });
      const path = join(folder, 'build.pkr.hcl');
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, text.replace('destination = "install-toa.sh"', 'destination="install-toa.sh"'));
      expect(await packer(folder, ['fmt', '-check', '.'])).not.toMatchObject({ code: 0 });
      writeFileSync(path, text.replace('var.reboot', 'var.rebot'));
      const { code, text: said } = await packer(folder, ['validate', ...dummies(Object.keys(DUMMIES).join())]);
      expect(code, said).toBe(1);
    });
  });
});

/** A template as somebody may have it. */
const THEIRS = `variable "host" {
  type    = string
  default = "192.0.2.1"
}

source "null" "base" {
  ssh_host     = var.host
  ssh_username = "root"
  ssh_password = "x"
}

build {
  sources = ["source.null.base"]

  provisioner "shell" {
    inline = ["echo theirs"]
  }

PASTE
}
`;

describe('docs/golden-image.md', () => {
  const page = goldenImagePage();
  const build = (clouds: string) => ({ 'toa.yaml': spec(clouds, ['debian-12']) });

  /** Renders by the page's first command, into the folder that it names for the clouds. */
  async function rendered<T>(clouds: string, out: string, use: (folder: string) => Promise<T>): Promise<T> {
    return await inFolder(build(clouds), async (folder) => {
      const [, ...args] = page.render.trim().split(' ');
      const { code, stderr } = await runCli(
        folder,
        args.map((arg) => (arg === 'out' ? out : arg)),
      );
      expect(code, stderr).toBe(0);
      rmSync(join(folder, `${out}/debian-12/packer/plugins.pkr.hcl`));
      return await use(folder);
    });
  }

  it.each([
    ['alibaba-ecs', 'out-alibaba', page.alibaba],
    ['aws-ec2', 'out-aws', page.amazon],
    ['', 'out', page.host],
  ])('clouds [%s]: its command finds the template valid', async (clouds, out, command) => {
    await rendered(clouds, out, async (folder) => {
      expect(command).toContain(`${out}/debian-12/packer`);
      await runIn(folder, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', 'key']);
      expect(await runIn(folder, 'sh', ['-ec', command])).toEqual({ code: 0, text: '' });
    });
  });

  it('the fragment fits into a template that is there: files and variables copied, the block pasted', async () => {
    await rendered('alibaba-ecs', 'out', async (folder) => {
      const fragment = readFileSync(join(folder, 'out/debian-12/packer/fragment/provision.hcl'), 'utf8');
      mkdirSync(join(folder, 'template'));
      writeFileSync(
        join(folder, 'template/theirs.pkr.hcl'),
        THEIRS.replace('PASTE', () => fragment),
      );
      expect((await packer(folder, ['validate', 'template'])).text).toContain('upgrade_kernel');
      expect(await runIn(folder, 'sh', ['-ec', page.fragment])).toEqual({ code: 0, text: '' });
      expect(await packer(join(folder, 'template'), ['validate', '.'])).toEqual({ code: 0, text: '' });
    });
  });

  it('names every variable that it uses as the template does', () => {
    const files = packerFiles(only(plansOf(spec('', ['debian-12']))));
    const text = ['variables.pkr.hcl', 'build.pkr.hcl'].map((name) => String(files.get(name)?.content)).join('');
    const used = [...page.build.matchAll(/-var (\w+)=/g)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(3);
    for (const name of used) expect(text).toContain(`variable "${name}"`);
  });
});

describe('the scripts of packer/', () => {
  it('are among what the rendered folder carries, byte by byte', () => {
    const files = packerFiles(only(plansOf(spec('', ['debian-12']))));
    for (const name of ['wait.sh', 'seal.sh', 'validate.sh']) {
      expect(files.get(`files/${name}`)).toMatchObject({
        mode: 0o755,
        content: readFileSync(inRepo(`packer/scripts/${name}`), 'utf8'),
      });
    }
  });
});
