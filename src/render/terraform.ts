import { createHash } from 'node:crypto';
import type { Cloud } from '../catalog/clouds.ts';
import type { Plan } from '../plan/types.ts';
import type { Payload } from './payload.ts';
import type { Artifact, Template } from './types.ts';

/** The module's own files, below terraform/; none is templated. An example is written where the plan names its cloud. */
const FILES: readonly { readonly path: string; readonly cloud?: Cloud['id'] }[] = [
  { path: '.gitattributes' },
  { path: 'README.md' },
  { path: 'main.tf' },
  { path: 'outputs.tf' },
  { path: 'variables.tf' },
  { path: 'versions.tf' },
  { path: 'tests/module.tftest.hcl' },
  { path: 'examples/alicloud-ess/main.tf', cloud: 'alibaba-ecs' },
  { path: 'examples/alicloud-ess/toa-lifecycle-hook.py', cloud: 'alibaba-ecs' },
  { path: 'examples/alicloud-ess/toa-lifecycle-hook.service', cloud: 'alibaba-ecs' },
  { path: 'examples/alicloud-instance/main.tf', cloud: 'alibaba-ecs' },
  { path: 'examples/alicloud-launch-template/main.tf', cloud: 'alibaba-ecs' },
  { path: 'examples/aws-launch-template/main.tf', cloud: 'aws-ec2' },
  { path: 'examples/cloudinit-config/main.tf' },
];

type Limits = Pick<Cloud, 'id' | 'name' | 'warnBytes' | 'failBytes' | 'gzip'>;

/** Where the spec names no cloud there is no limit to hold. */
const NO_CLOUD: Limits = {
  id: 'none',
  name: 'no cloud in particular',
  warnBytes: Number.MAX_SAFE_INTEGER,
  failBytes: Number.MAX_SAFE_INTEGER,
  gzip: false,
};

/**
 * The provider-free module with this plan's user-data beside it, the same bytes as below cloud-init/ (with --merge: user-data.mime), and
 * `gzip` where a cloud's limit asks for user-data.gz. The module reads what is generated as data.
 */
export function renderTerraform(
  plan: Plan,
  payload: Payload,
  userData: string,
  template: Template,
  gzip?: Uint8Array,
): readonly Artifact[] {
  const wanted = FILES.filter(({ cloud }) => cloud === undefined || plan.clouds.some(({ id }) => id === cloud));
  const handedOver = { 'user-data': userData, ...(gzip && { 'user-data.gz': gzip }) };
  const contents: readonly (readonly [string, string | Uint8Array])[] = [
    ...wanted.map(({ path }) => [path, template(`terraform/${path}`)] as const),
    ...Object.entries(handedOver),
    ['toa.json', renderData(plan, payload, handedOver)],
  ];
  return contents.map(([path, content]) => ({ path: `${plan.id}/terraform/${path}`, mode: 0o644, content }));
}

type Files = Readonly<{ 'user-data': string; 'user-data.gz'?: Uint8Array }>;

/** toa.json: what main.tf must know of this plan. */
function renderData(plan: Plan, payload: Payload, files: Files): string {
  const bytes = Buffer.byteLength(files['user-data']);
  const clouds: readonly Limits[] = plan.clouds.length > 0 ? plan.clouds : [NO_CLOUD];
  const data = {
    target: plan.id,
    payload: payload.sha256,
    ready_means_working: plan.onFailure === 'fail',
    sha256: Object.fromEntries(Object.entries(files).map(([name, content]) => [name, sha256(content)])),
    clouds: clouds.map((cloud) => ({
      id: cloud.id,
      name: cloud.name,
      file: files['user-data.gz'] && cloud.gzip && bytes > cloud.failBytes ? 'user-data.gz' : 'user-data',
      warn_bytes: cloud.warnBytes,
      fail_bytes: cloud.failBytes,
    })),
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
