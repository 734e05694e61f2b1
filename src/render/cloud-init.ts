import { gzipSync } from 'node:zlib';
import { Document, type Scalar } from 'yaml';
import type { Cloud } from '../catalog/clouds.ts';
import type { Plan } from '../plan/types.ts';
import { printCount } from '../report/count.ts';
import type { Problem } from '../spec/types.ts';
import type { Payload } from './payload.ts';
import type { Compress } from './types.ts';

/** Where cloud-init leaves the script; it stays there, so that a failed run can be repeated by hand. */
const SCRIPT = '/var/lib/toa/install-toa.sh';

/**
 * Plain #cloud-config of the keys that every cloud-init since 0.7.5 knows: one write_files entry, one runcmd entry (runcmd
 * reports only its last command's status), and a reboot only where the plan allows one and the machine asks for it.
 */
export function renderUserData(plan: Plan, payload: Payload): string {
  return (
    header(plan, payload, ...howToRead(plan, payload)) +
    cloudConfig(plan, {
      encoding: 'gz+b64',
      content: gzipSync(payload.carried, { level: 9 }).toString('base64'),
    })
  );
}

/** The same for clouds that pass on user-data which is gzip as a whole: smaller without an encoding inside. */
export function renderUserDataGzip(plan: Plan, payload: Payload, compress: Compress): Uint8Array {
  return compress(header(plan, payload) + cloudConfig(plan, { content: payload.carried }));
}

function cloudConfig(plan: Plan, script: Readonly<Record<string, string>>): string {
  const doc = new Document(
    {
      write_files: [{ path: SCRIPT, owner: 'root:root', permissions: '0700', ...script }],
      runcmd: [['sh', SCRIPT, 'all']],
      ...(plan.reboot === 'if-needed' && {
        power_state: { mode: 'reboot', condition: ['test', '-e', '/run/toa-reboot-needed'] },
      }),
    },
    // cloud-init reads YAML 1.1, in which 0700 would be a number.
    { version: '1.1' },
  );
  const permissions = doc.getIn(['write_files', 0, 'permissions'], true) as Scalar;
  permissions.type = 'QUOTE_SINGLE';
  return doc.toString({ lineWidth: 0, directives: false, indent: 1 });
}

function howToRead({ payload: fetched }: Plan, { scriptSha256 }: Payload): readonly string[] {
  if (!fetched) return ['the script below carries every file it installs: base64 -d | gunzip'];
  return [
    'the script below (base64 -d | gunzip) fetches install-toa.sh, which carries every file it installs, from',
    fetched.url,
    `and takes none but the one whose sha256 is ${scriptSha256}`,
  ];
}

function header(plan: Plan, payload: Payload, ...more: readonly string[]): string {
  const trust = plan.trust === 'any' ? 'any' : `${plan.trust.length} network(s)`;
  const lines = [
    `toa-bake: ${plan.id}, method ${plan.method}, option kinds ${plan.kinds.join(', ')}, trust ${trust}`,
    `payload sha256 ${payload.sha256}`,
    ...more,
  ];
  return `#cloud-config\n${lines.map((line) => `# ${line}\n`).join('')}`;
}

/** Whether a cloud of the plan takes this user-data only as gzip. */
export function needsGzip(plan: Plan, userData: string): boolean {
  return plan.clouds.some((cloud) => cloud.gzip && userData.length > cloud.failBytes);
}

/**
 * What the clouds of the plan say to user-data of this size, both forms in bytes: errors over the failing size, warnings over the
 * warning size. `name` is the file of the smaller form.
 */
export function sizeProblems(plan: Plan, size: Size, payload: Payload): readonly Problem[] {
  const shown = `${printCount(size.plain)} bytes (${printCount(base64Length(size.plain))} in base64)`;
  const biggest = payload.parts.slice(0, 3).map(({ path, bytes }) => `${path} ${printCount(bytes)}`);
  const parts = plan.payload ? '' : `. Biggest parts before compression: ${biggest.join(', ')}`;
  return plan.clouds
    .filter((cloud) => size.plain > cloud.warnBytes)
    .map((cloud) => {
      const { code, says, hint } = judgeSize(cloud, size, plan.payload !== null);
      const message = `user-data of ${plan.id} has ${shown}; ${cloud.name} ${says}${parts}`;
      return { severity: code === 'size/limit' ? 'error' : 'warning', code, path: [], message, hint };
    });
}

/** Bytes of user-data as it is, and of its compressed form with that file's name, where a cloud takes one. */
export interface Size {
  readonly plain: number;
  readonly gzip?: { readonly bytes: number; readonly path: string };
}

interface SizeVerdict {
  readonly code: 'size/limit' | 'size/gzip' | 'size/warning';
  readonly says: string;
  readonly hint: string;
}

/** What one cloud says to user-data that is over its warning size. */
function judgeSize(cloud: Cloud, { plain, gzip }: Size, isFetched: boolean): SizeVerdict {
  const [warn, fail] = [printCount(cloud.warnBytes), printCount(cloud.failBytes)];
  if (plain <= cloud.failBytes) {
    return {
      code: 'size/warning',
      says: `is only sure to take ${warn}`,
      hint: 'keep below the smaller limit to be safe',
    };
  }
  if (!cloud.gzip || !gzip || gzip.bytes > cloud.failBytes) {
    return {
      code: 'size/limit',
      says: `takes at most ${fail}${cloud.gzip && gzip ? `, and as gzip it has ${printCount(gzip.bytes)}` : ''}`,
      hint: isFetched
        ? "shorten your own user-data: toa-bake's share is fetched already"
        : 'serve script/install-toa.sh by https and write payload: {url: https://…}, shorten the trust list, or use the script itself, which has no such limit',
    };
  }
  return {
    code: 'size/gzip',
    says: `takes at most ${fail}, and as gzip it has ${printCount(gzip.bytes)}`,
    hint: `give it ${gzip.path} instead; cloud-init unpacks it`,
  };
}

/** Length of `bytes` bytes in base64, padded. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}
