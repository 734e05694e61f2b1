import { gzipSync } from 'node:zlib';
import { Document, type Scalar } from 'yaml';
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
      const fails = raw > cloud.failBytes;
      const limit = printCount(fails ? cloud.failBytes : cloud.warnBytes);
      return {
        code: fails ? 'size/limit' : 'size/warning',
        severity: fails ? 'error' : 'warning',
        path: [],
        message: `user-data of ${plan.id} has ${size}; ${cloud.name} ${fails ? 'takes at most' : 'is only sure to take'} ${limit}. Biggest parts before compression: ${biggest.join(', ')}`,
        hint: fails
          ? 'shorten the trust list, or use a golden image, which has no such limit'
          : `${cloud.source}; keep below to be safe`,
      } as const;
    });
}

/** Length of `bytes` bytes in base64, padded. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}
