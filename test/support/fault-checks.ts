/** What the tests of faults look at afterwards, in fake roots. */

import { expect } from 'vitest';
import type { FakeMachine, Run } from './fakeroot.ts';
import { FAULTS, type FaultId } from './faults.ts';
import { noteOutcome } from './outcomes.ts';
import { fake, RECEIPT, receipt, script } from './setup.ts';

/** The run and the receipt are what the row says. Where the exit code hangs on the moment, so does the receipt. */
export function expectRow(id: FaultId, machine: FakeMachine, run: Run): void {
  const row = FAULTS[id];
  const said = machine.has(RECEIPT) ? receipt(machine) : { result: 'none', step: '', reason: '' };
  noteOutcome(
    row.fault,
    `exit ${run.code}, receipt ${said.result} ${said.step} ${said.reason.replaceAll(machine.root, '')}`.trimEnd(),
  );
  expect([row.code].flat(), run.stderr).toContain(run.code);
  if (typeof row.code !== 'number') return;
  if (row.receipt === null) expect(machine.has(RECEIPT)).toBe(false);
  else {
    const { reason = '', ...rest } = { reason: '', ...row.receipt };
    expect(receipt(machine)).toMatchObject({ ...rest, reason: reason ? expect.stringContaining(reason) : '' });
  }
}

/** What is compared: all but what differs from run to run, and what the packages bring. */
export function state(machine: FakeMachine): Readonly<Record<string, string>> {
  const differs =
    /^(var\/lib\/toa\/(build\.log|out|lock|receipt\.json)|(var\/(lib\/(dpkg|apt)|cache|log)|etc\/apt|usr\/(bin|lib\/libgcc)|lib\/modules\/.*\/build)(\/|$))/;
  return Object.fromEntries(Object.entries(machine.tree()).filter(([path]) => !differs.test(path)));
}

/** The next `all` ends well and leaves what a machine has that never met the fault. */
export async function expectAgain(machine: FakeMachine, text = script()): Promise<void> {
  const run = await machine.install(text);
  expect(run.code, run.stderr).toBe(0);
  expect(receipt(machine)).toMatchObject({ result: 'ok', step: 'verify' });
  const spared = fake(machine.shell);
  await spared.install(text);
  const here = state(machine);
  for (const [path, entry] of Object.entries(state(spared))) expect([path, here[path]]).toEqual([path, entry]);
  expect(Object.keys(here).filter((path) => /toa/.test(path) && !(path in state(spared)))).toEqual([]);
}

/** Nothing but toa-setup's own notes came, where `before` is what was there. */
export function expectNothing(machine: FakeMachine, before: Readonly<Record<string, string>>): void {
  const came = Object.entries(machine.tree()).filter(([path, entry]) => before[path] !== entry);
  const others = /^(var\/lib\/toa|var\/(lib\/(dpkg|apt)|cache|log)|lib$|var$)(\/|$)/;
  expect(came.map(([path]) => path).filter((path) => !others.test(path))).toEqual([]);
}
