/** What tests ask a booted machine about its reader. */

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { inRepo } from './cli.ts';
import type { Machine } from './machine.ts';

/** What stands for the scrubber: no network for documentation, which the validator would warn of. */
export const TRUST = '198.18.7.0/24';

const PROBE = readFileSync(inRepo('guest/toa-probe'));

/** A spec of one target, with `more` lines of it. */
export const specOf = (target: string, ...more: readonly string[]): string =>
  ['version: 1', `trust: [${TRUST}]`, 'clouds: [alibaba-ecs]', `targets: [${target}]`, ...more, ''].join('\n');

/** Standard output of a script that must succeed; it may fetch and install packages. */
export async function out(vm: Machine, script: string): Promise<string> {
  const { code, stdout, stderr } = await vm.run(script, { timeoutMs: 1_200_000 });
  expect(code, `${script}\n${stdout}\n${stderr}`).toBe(0);
  return stdout.trim();
}

/** A condition of a machine's shell, waited for. */
export const until = (condition: string): string => `until ${condition}; do sleep 1; done`;

/** The verdict of this checkout's probe, whatever the machine has installed: `pass`, `fail` or `unknown`. */
export async function probe(vm: Machine): Promise<string> {
  await vm.run('cat >/run/toa-probe', { input: PROBE });
  const said = await vm.run(`echo ${TRUST} >/run/trusted; python3 /run/toa-probe --trust /run/trusted`);
  return JSON.parse(said.stdout).result;
}

/** What a test reads of a receipt. */
export interface Receipt {
  readonly result: string;
  readonly step: string;
  readonly code: number;
  readonly reason: string;
  readonly hint: string;
  readonly running: string;
  readonly next: string;
  readonly kernels: readonly { readonly release: string; readonly module: string }[];
}

/** The machine's receipt as it is now. */
export async function receipt(vm: Machine): Promise<Receipt> {
  return JSON.parse(await out(vm, 'cat /var/lib/toa/receipt.json'));
}

/** cloud-init ended well; where not, what the machine's logs say. */
export async function expectCloudInitDone(vm: Machine): Promise<void> {
  const ended = await vm.waitForCloudInit(1_500_000);
  const log = await vm.run('cat /var/lib/toa/build.log; journalctl -b --no-pager -n 60 -u cloud-final');
  expect(ended, log.stdout).toMatchObject({ code: 0, status: 'done', errors: [] });
}
