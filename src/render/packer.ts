import build from '../../packer/build.pkr.hcl.hbs';
import fragment from '../../packer/fragment.hcl.hbs';
import plugins from '../../packer/plugins.pkr.hcl.hbs';
import signingVariables from '../../packer/signing-variables.pkr.hcl.hbs';
import sources from '../../packer/sources.pkr.hcl.hbs';
import variables from '../../packer/variables.pkr.hcl.hbs';
import type { Plan } from '../plan/types.ts';
import type { Problem } from '../spec/types.ts';
import { type HclObject, printHcl } from './hcl.ts';
import { localFiles, renderLocal } from './local.ts';
import type { Payload } from './payload.ts';
import type { Artifact, Local, Template } from './types.ts';

/** One of Packer's builders. */
interface Source {
  readonly type: string;
  /** The cloud of a spec that names it; the others are for a plan whose clouds name none. */
  readonly cloud: string | null;
  /** Those that its source block is written for. */
  readonly arches: readonly Plan['arch'][];
  /** What `packer init` fetches; null is part of Packer itself. */
  readonly plugin: { readonly name: string; readonly source: string; readonly version: string } | null;
}

const plugin = (name: string, version: string): Source['plugin'] => ({
  name,
  source: printHcl(`github.com/hashicorp/${name}`),
  version: printHcl(version),
});

const SOURCES: readonly Source[] = [
  {
    type: 'alicloud-ecs',
    cloud: 'alibaba-ecs',
    arches: ['x86_64', 'arm64'],
    plugin: plugin('alicloud', '~> 1.1'),
  },
  { type: 'amazon-ebs', cloud: 'aws-ec2', arches: ['x86_64', 'arm64'], plugin: plugin('amazon', '~> 1.3') },
  // Another machine type, firmware and program would be needed for arm64.
  { type: 'qemu', cloud: null, arches: ['x86_64'], plugin: plugin('qemu', '~> 1.1') },
  { type: 'null', cloud: null, arches: ['x86_64', 'arm64'], plugin: null },
];

/** What the provision block runs or uploads, besides install-toa.sh. */
const SCRIPTS: readonly string[] = [
  'wait.sh',
  'upgrade.sh',
  'install.sh',
  'reboot.sh',
  'verify.sh',
  'judge.sh',
  'seal.sh',
];

/** A template that builds an image of the plan's target, and the parts of it for who has a template already. */
export function renderPacker(plan: Plan, payload: Payload, template: Template, local?: Local): readonly Artifact[] {
  const types = sourcesOf(plan).map(({ type }) => type);
  const words = wordsOf(plan, payload, template);
  const fill = (page: (words: unknown) => string): string => `${page(words).trimEnd()}\n`;
  const scripts = [
    ...SCRIPTS,
    ...(types.includes('qemu') ? ['validate.sh'] : []),
    ...(broughtKey(plan) ? ['signing.sh'] : []),
  ];
  const files: Readonly<Record<string, string>> = {
    'plugins.pkr.hcl': fill(plugins),
    'variables.pkr.hcl': fill(variables),
    'sources.pkr.hcl': fill(sources),
    'build.pkr.hcl': fill(build),
    ...Object.fromEntries(scripts.map((name) => [`files/${name}`, template(`packer/scripts/${name}`)])),
    'files/install-toa.sh': payload.script,
    'fragment/provision.hcl': fill(fragment),
    'fragment/toa.pkr.hcl': words.provisionVariables,
  };
  const rendered = Object.entries(files).map(([name, content]) => ({
    path: `${plan.id}/packer/${name}`,
    mode: name.endsWith('.sh') ? (0o755 as const) : (0o644 as const),
    content,
  }));
  return [...rendered, ...renderLocal(plan, `${plan.id}/packer/files`, local)];
}

/** What the templates ask for. */
function wordsOf(plan: Plan, payload: Payload, template: Template) {
  const wanted = sourcesOf(plan);
  const key = broughtKey(plan);
  const uploads = [...(localFiles(plan).length > 0 ? ['upload'] : []), ...(key ? ['upload-signing'] : [])];
  const has = (...types: readonly string[]): boolean => wanted.some(({ type }) => types.includes(type));
  return {
    facts: printHcl(factsOf(plan, payload), 1),
    list: printHcl(wanted.map(({ type }) => `source.${type}.toa`)),
    plugins: wanted.flatMap((source) => source.plugin ?? []),
    provision: [...uploads, 'provision'].map((name) => template(`packer/${name}.hcl`)).join('\n'),
    provisionVariables:
      template('packer/provision-variables.pkr.hcl') +
      (key ? signingVariables({ key: printHcl(key.path), certificate: printHcl(key.certificate) }) : ''),
    alicloud: has('alicloud-ecs'),
    amazon: has('amazon-ebs'),
    qemu: has('qemu'),
    host: has('null'),
    // The clouds' sources make a key of their own.
    byKey: has('qemu', 'null'),
  };
}

/** The key that must be on the machine while it is baked. */
function broughtKey({ signing }: Plan) {
  return signing && 'brought' in signing ? signing.brought : undefined;
}

/** Why Packer cannot build an image of the plan's target; undefined: it can. */
export function packerProblem(plan: Plan): Problem | undefined {
  const problem = (why: string, hint: string): Problem => ({
    code: 'packer/no-image',
    severity: 'error',
    path: [],
    message: `Packer cannot build an image of ${plan.id}: ${why}`,
    hint,
  });
  if (plan.target.cloudInit === null) {
    return problem(
      'there is none of this release with a cloud-init, which lets Packer in',
      'run the script that `--only script` writes on a machine of your own, and make the image from that',
    );
  }
  if (sourcesOf(plan).every(({ type }) => type === 'null')) {
    return problem(
      `the qemu source is for x86_64, and clouds names none that builds for ${plan.arch}`,
      `add ${SOURCES.flatMap(({ cloud }) => cloud ?? []).join(' or ')} to clouds`,
    );
  }
  return undefined;
}

/** Those that the clouds of the plan name; where they name none, those that need no cloud. */
function sourcesOf({ clouds, arch }: Plan): readonly Source[] {
  const able = SOURCES.filter(({ arches }) => arches.includes(arch));
  const named = able.filter((source) => clouds.some(({ id }) => id === source.cloud));
  return named.length > 0 ? named : able.filter(({ cloud }) => cloud === null);
}

/** The tags of an image and the manifest's own data: text only. */
function factsOf(plan: Plan, { script, sha256 }: Payload): HclObject {
  const { kernelRange, target } = plan;
  const [oldest, newest] = kernelRange
    ? [kernelRange.from, kernelRange.to]
    : [target.kernels[0], target.kernels.at(-1)];
  const version = /^#define TOA_VERSION "(.*)"$/m.exec(script)?.[1];
  return {
    target: plan.id,
    method: plan.method,
    ...(plan.module !== null && { module: [plan.module, version].filter((word) => word !== undefined).join(' ') }),
    kernels: [oldest, newest].join('-'),
    payload: sha256,
  };
}
