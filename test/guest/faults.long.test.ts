/** Faults that need no machine: toa-setup in fake roots, with file systems that are really full, a real apt, a real lock. */

import { createHash } from 'node:crypto';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type FakeMachine, KERNEL, type MachineParts, type Run, SHELLS } from '../support/fakeroot.ts';
import { FAULTS, type FaultId } from '../support/faults.ts';
import { installBesideReadOnly, installInRoom } from '../support/full.ts';
import { serveHttps } from '../support/https.ts';
import { Mirror, useRealApt } from '../support/mirror.ts';
import { edited, fake, module, RECEIPT, ran, receipt, script } from '../support/setup.ts';

const LIBRARY = '/usr/local/lib/toa';

/** The run and the receipt are what the row says. */
function expectRow(id: FaultId, machine: FakeMachine, run: Run): void {
  const row = FAULTS[id];
  expect(run.code, run.stderr).toBe(row.code);
  if (row.receipt === null) expect(machine.has(RECEIPT)).toBe(false);
  else {
    const { reason = '', ...rest } = { reason: '', ...row.receipt };
    expect(receipt(machine)).toMatchObject({ ...rest, reason: reason ? expect.stringContaining(reason) : '' });
  }
}

/** What is compared: all but what differs from run to run, and what the packages bring. */
function state(machine: FakeMachine): Readonly<Record<string, string>> {
  const differs = /^(var\/lib\/toa\/(build\.log|out|lock|receipt\.json)|(var\/(lib\/(dpkg|apt)|cache|log)|etc\/apt|usr\/(bin|lib\/libgcc)|lib\/modules\/.*\/build)(\/|$))/;
  return Object.fromEntries(Object.entries(machine.tree()).filter(([path]) => !differs.test(path)));
}

/** The next `all` ends well and leaves what a machine has that never met the fault. */
async function expectAgain(machine: FakeMachine, text = script()): Promise<void> {
  const run = await machine.install(text);
  expect(run.code, run.stderr).toBe(0);
  expect(receipt(machine)).toMatchObject({ result: 'ok', step: 'verify' });
  const spared = fake(machine.shell);
  await spared.install(text);
  const here = state(machine);
  for (const [path, entry] of Object.entries(state(spared))) expect([path, here[path]]).toEqual([path, entry]);
  expect(Object.keys(here).filter((path) => /toa/.test(path) && !(path in state(spared)))).toEqual([]);
}

/** Nothing of ours outside of toa-setup's own folder. */
function expectNothing(machine: FakeMachine): void {
  const left = Object.keys(machine.tree()).filter((path) => /toa/.test(path) && !path.startsWith('var/lib/toa'));
  expect(left).toEqual([]);
}
