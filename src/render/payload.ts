import { createHash } from 'node:crypto';
import type { Plan } from '../plan/types.ts';
import { renderBootstrap } from './bootstrap.ts';
import { renderEnv, renderFiles, renderTrusted } from './env.ts';
import { strip } from './strip.ts';
import type { Guest } from './types.ts';

/** What a machine gets, the same bytes by every way: one script that carries its files below its last line. */
export interface Payload {
  /** install-toa.sh, ASCII, LF. */
  readonly script: string;
  /** sha256 of the files it carries, 64 hexadecimal digits; also in the receipt of the machine that ran it. */
  readonly sha256: string;
  /** sha256 of the script itself. */
  readonly scriptSha256: string;
  /** What user-data carries: the script, or a small one that fetches it. */
  readonly carried: string;
  /** Each file's share in bytes before compression, largest first. */
  readonly parts: readonly { readonly path: string; readonly bytes: number }[];
}

interface Part {
  readonly path: string;
  readonly mode: string;
  readonly content: string;
}

export function renderPayload(plan: Plan, guest: Guest): Payload {
  const parts: readonly Part[] = [
    { path: '/etc/toa/toa.env', mode: '0600', content: renderEnv(plan) },
    { path: '/etc/toa/trusted', mode: '0644', content: renderTrusted(plan) },
    ...(plan.pinned.length > 0 ? [{ path: '/etc/toa/files', mode: '0644', content: renderFiles(plan) }] : []),
    ...plan.files.map(({ source, path, mode, language }) => ({
      path,
      mode,
      content: strip(guest(source), language),
    })),
  ];
  const files = parts.map(frame).join('');
  const sha256 = createHash('sha256').update(files).digest('hex');
  const unpacker = strip(guest('install-toa.sh'), 'sh');
  const script = `${unpacker}${FILES}\n${sha256}\n${files}`;
  const scriptSha256 = createHash('sha256').update(script).digest('hex');
  return {
    script,
    sha256,
    scriptSha256,
    carried: plan.payload ? renderBootstrap(plan, { script, sha256, scriptSha256 }, plan.payload.url, guest) : script,
    parts: parts.map(({ path, content }) => ({ path, bytes: content.length })).sort((a, b) => b.bytes - a.bytes),
  };
}

/** The line of install-toa.sh below which the files begin. */
const FILES = '# --- files ---';

function frame({ path, mode, content }: Part): string {
  if (!/^[\t\n -~]*$/.test(content)) throw new Error(`${path} is not plain ASCII`);
  return `toa-file ${mode} ${content.split('\n').length - 1} ${path}\n${content}`;
}
