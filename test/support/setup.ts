/** What the tests of toa-setup share: the rendered script, a fake machine that is removed at the end, and what a run did. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { afterAll, expect } from 'vitest';
import { packaged } from '../../src/packaged.ts';
import { resolve } from '../../src/plan/resolve.ts';
import { type Payload, renderPayload } from '../../src/render/payload.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { inRepo } from './cli.ts';
import { FakeMachine, type MachineParts, type Run, type Shell } from './fakeroot.ts';

/** On the machine. */
export const RECEIPT = '/var/lib/toa/receipt.json';
export const module = (release: string) => `/lib/modules/${release}/updates/toa/toa.ko`;

/** Whether a value keeps to the receipt's schema. */
export const validate = new Ajv().compile(JSON.parse(readFileSync(inRepo('src/receipt.schema.json'), 'utf8')));

interface Receipt {
  readonly result: string;
  readonly step: string;
  readonly reason: string;
  readonly hint: string;
  readonly kernels: readonly { readonly release: string; readonly module: string }[];
}

const machines: FakeMachine[] = [];
afterAll(() => {
  for (const machine of machines) machine.remove();
});

/** Removed when the test file ends. */
export function fake(shell: Shell, parts: MachineParts = {}): FakeMachine {
  const machine = new FakeMachine(shell, parts);
  machines.push(machine);
  return machine;
}

/** install-toa.sh of a target, with more lines in its entry of the spec. */
export function script(os = 'debian-12', more = ''): string {
  return payload(os, more).script;
}

/** The same, and what user-data carries. */
export function payload(os = 'debian-12', more = ''): Payload {
  const text = `version: 1\ntrust: [198.51.100.0/24, "2001:db8:1::/48"]\ntargets: [{os: ${os}${more}}]\n`;
  const [plan] = resolve(parseSpec(text).spec).plans;
  if (plan === undefined) throw new Error(`no plan for ${os}`);
  return renderPayload(plan, packaged.guest);
}

/** The same script with its files edited, and their hash made right again. */
export async function edited(edit: (files: string) => string): Promise<string> {
  const [head = '', body = ''] = script().split(/^(?=# --- files ---$)/m);
  const [marker, , ...lines] = body.split('\n');
  const files = edit(lines.join('\n'));
  return `${head}${marker}\n${createHash('sha256').update(files).digest('hex')}\n${files}`;
}

/** The receipt, which must keep to its schema. */
export function receipt(machine: FakeMachine): Receipt {
  const said = JSON.parse(machine.read(RECEIPT));
  expect(validate(said), JSON.stringify(validate.errors)).toBe(true);
  return said;
}

/** The runs of a fake command, with their arguments. */
export const ran = (run: Run, command: string) => run.commands.filter((line) => line.startsWith(`${command} `));
/** What apt-get was asked for: what it downloads, a second run then installs. */
export const wishes = (run: Run) => ran(run, 'apt-get').filter((line) => / -d | update$/.test(line));
/** The kernels that were built for. */
export const made = (run: Run) => ran(run, 'make').map((line) => /modules\/(.*)\/build/.exec(line)?.[1]);
