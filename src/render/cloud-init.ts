import { gzipSync } from 'node:zlib';
import { Document, type Scalar } from 'yaml';
import type { Cloud } from '../catalog/clouds.ts';
import type { Plan } from '../plan/types.ts';
import { printCount } from '../report/count.ts';
import type { Problem } from '../spec/types.ts';
import type { Payload } from './payload.ts';

/** Where cloud-init leaves the script; it stays there, so that a failed run can be repeated by hand. */
const SCRIPT = '/var/lib/toa/install-toa.sh';

/**
 * Plain #cloud-config of the keys that every cloud-init since 0.7.5 knows: one write_files entry, one runcmd entry (runcmd
 * reports only its last command's status), and a reboot only where the plan allows one and the machine asks for it.
 */
export function renderUserData(plan: Plan, payload: Payload): string {
  const doc = new Document(
    {
      write_files: [
        {
          path: SCRIPT,
          owner: 'root:root',
          permissions: '0700',
          encoding: 'gz+b64',
          content: gzipSync(payload.script, { level: 9 }).toString('base64'),
        },
      ],
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
  const body = doc.toString({ lineWidth: 0, directives: false });
  return `#cloud-config\n${header(plan, payload)}${body}`;
}

function header(plan: Plan, payload: Payload): string {
  const trust = plan.trust === 'any' ? 'any' : `${plan.trust.length} network(s)`;
  return [
    `toa-bake: ${plan.id}, method ${plan.method}, option kinds ${plan.kinds.join(', ')}, trust ${trust}`,
    `payload sha256 ${payload.sha256}`,
    `the script below carries every file it installs: base64 -d | gunzip`,
  ]
    .map((line) => `# ${line}\n`)
    .join('');
}

/** What the clouds of the plan say to user-data of this size: errors over the failing size, warnings over the warning size. */
export function sizeProblems(plan: Plan, userData: string, payload: Payload): readonly Problem[] {
  const raw = Buffer.byteLength(userData);
  const size = `${printCount(raw)} bytes (${printCount(base64Length(raw))} in base64)`;
  const biggest = payload.parts.slice(0, 3).map(({ path, bytes }) => `${path} ${printCount(bytes)}`);
  return plan.clouds
    .filter((cloud) => raw > cloud.warnBytes)
    .map((cloud) => {
      const verdict = judgeSize(cloud, raw, userData);
      const message = `user-data of ${plan.id} has ${size}; ${cloud.name} ${verdict.says}. Biggest parts before compression: ${biggest.join(', ')}`;
      return { ...SIZE[verdict.code], code: verdict.code, path: [], message };
    });
}

type SizeCode = 'size/limit' | 'size/gzip' | 'size/warning';

const SIZE: Readonly<Record<SizeCode, Pick<Problem, 'severity' | 'hint'>>> = {
  'size/limit': {
    severity: 'error',
    hint: 'shorten the trust list, or use the install script, which has no such limit',
  },
  'size/gzip': { severity: 'warning', hint: 'hand it over compressed, gzip -9 -c user-data; cloud-init unpacks it' },
  'size/warning': { severity: 'warning', hint: 'keep below the smaller limit to be safe' },
};

/** What one cloud says to `raw` bytes of user-data, which are over its warning size. */
function judgeSize(cloud: Cloud, raw: number, userData: string): { readonly code: SizeCode; readonly says: string } {
  const [warn, fail] = [printCount(cloud.warnBytes), printCount(cloud.failBytes)];
  if (raw <= cloud.failBytes) return { code: 'size/warning', says: `is only sure to take ${warn}` };
  const compressed = cloud.gzip ? gzipSync(userData, { level: 9 }).length : Number.POSITIVE_INFINITY;
  if (compressed > cloud.failBytes) return { code: 'size/limit', says: `takes at most ${fail}` };
  return { code: 'size/gzip', says: `takes at most ${fail}, and ${printCount(compressed)} as gzip would fit` };
}

/** Length of `bytes` bytes in base64, padded. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}
