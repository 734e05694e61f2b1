import type { Plan } from '../plan/types.ts';
import { kindsOf } from './env.ts';
import type { Payload } from './payload.ts';
import { strip } from './strip.ts';
import type { Guest } from './types.ts';

/** The line below which stands what the program must know. */
const FETCH = '# --- fetch ---';

/** A program of a few kilobytes that fetches install-toa.sh, takes none but the one of this payload, and runs it. */
export function renderBootstrap(
  plan: Plan,
  { script, sha256, scriptSha256 }: Pick<Payload, 'script' | 'sha256' | 'scriptSha256'>,
  url: string,
  guest: Guest,
): string {
  const program = strip(`#!/bin/sh\n${guest('download.sh')}${guest('bootstrap.sh')}`, 'sh');
  const known = {
    url,
    sha256: scriptSha256,
    // One more than is needed: a file that fills them is another.
    blocks: Math.floor(script.length / 512) + 1,
    receipt: `"payload": "${sha256}", "target": "${plan.id}", "method": "${plan.method}", "kinds": [${kindsOf(plan)}],`,
  };
  const lines = Object.entries(known).map(([key, value]) => `${key} ${value}\n`);
  return `${program}${FETCH}\n${lines.join('')}`;
}
