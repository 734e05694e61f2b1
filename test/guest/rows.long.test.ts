/**
 * toa-setup for every row of the catalog, by every method that the row can have: every verb is run, and run again, and in the end
 * everything is taken back. The whole product with all shells and faults would take half an hour, so two things take turns. Shells, from
 * run to run: each row meets each shell, and each verb of each method too. Faults: rows that differ in their names and releases only share
 * them, so that each verb of each method fails in a third of them.
 */

import { rmSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { availableMethods } from '../../src/plan/method.ts';
import { TARGETS, type Target } from '../../src/plan/targets.ts';
import { type FakeMachine, type Run, SHELLS, type Shell } from '../support/fakeroot.ts';
import { faultOf, knownFacts, type RowMachine, rowMachine, runVerb, VERBS } from '../support/row-machine.ts';
import { ran, receipt } from '../support/setup.ts';
import { SERVED, type ServedFacts, servedFacts } from '../support/suite-index.ts';

/** The methods that need no package. */
const ASKS_NOTHING: readonly string[] = ['prebuilt', 'rpm', 'ebpf'];
/** The verbs that all does not run. */
const LATER: readonly string[] = ['status', 'update', 'repair', 'disable', 'uninstall'];
const CASES = TARGETS.flatMap((target) => availableMethods(target).map((method) => ({ id: target.id, method })));
/** What rows differ in besides names and releases; few rows of a kind do not share faults. */
const kindOf = (target: Target): string => `${target.packageManager} ${target.bootFile}`;
const SHARED = 3;

const served = new Map<string, ServedFacts>();
/** Shells by case and by verb with its occasion: "deps again". */
const met = new Map<string, Set<Shell>>();

beforeAll(async () => {
  for (const id of Object.keys(SERVED)) served.set(id, await servedFacts(id));
}, 600_000);

/** What the runs of one machine share. */
class Walk {
  readonly row: RowMachine;
  readonly #case: { readonly id: string; readonly method: string };
  #turn: number;

  constructor(number: number) {
    const one = CASES[number];
    const facts = one && (served.get(one.id) ?? knownFacts(one.id));
    if (!one || !facts) throw new Error(`nothing is known of ${one?.id}`);
    this.#case = one;
    this.#turn = number;
    this.row = rowMachine(one.id, one.method, 'dash', facts, number);
  }

  /** Whether this machine is the one of its kind on which the verb fails. */
  isSpoiled(verb: (typeof VERBS)[number]): boolean {
    const kin = TARGETS.filter((target) => kindOf(target) === kindOf(this.row.target));
    return kin.length <= SHARED * 2 || (kin.indexOf(this.row.target) + VERBS.indexOf(verb)) % SHARED === 0;
  }

  get machine(): FakeMachine {
    return this.row.machine;
  }

  /** Runs something under the shell whose turn it is. */
  async run(what: string, start: () => Promise<Run>): Promise<Run> {
    const shell = SHELLS[this.#turn++ % SHELLS.length] ?? 'dash';
    this.machine.use(shell);
    for (const key of [this.#case.id, `${this.#case.method} ${what}`])
      met.set(key, (met.get(key) ?? new Set()).add(shell));
    const run = await start();
    return { ...run, stderr: `${this.#case.id} ${this.#case.method}, ${what}, ${shell}: ${run.stderr}` };
  }

  async verb(verb: string, what: string): Promise<Run> {
    return await this.run(`${verb} ${what}`, () => runVerb(this.row, verb));
  }

  /** What toa-setup must not change, or must give back: all but its own state. */
  foreign(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this.machine.tree()).filter(([path]) => !/^var\/lib\/toa(\/|$)/.test(path)),
    );
  }

  /** All but what tells when and how it was said. */
  settled(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this.machine.tree()).filter(([path]) => !/^var\/lib\/toa\/(build\.log|out)$/.test(path)),
    );
  }
}

describe.concurrent('every row by every method', () => {
  it.each(CASES.map((one, number) => [one.id, one.method, number] as const))('%s %s', async (id, method, number) => {
    const walk = new Walk(number);
    const { machine, row } = walk;
    const before = walk.foreign();
    let bare = before;
    for (const verb of VERBS) {
      // Loaded again for uninstall, which must unload.
      if (verb === 'uninstall') expect(await runVerb(row, 'load')).toMatchObject({ code: 0 });
      if (walk.isSpoiled(verb)) await fails(walk, verb, method);
      const run = await walk.verb(verb, 'first');
      expect(run.code, run.stderr).toBe(0);
      if (verb === 'deps') {
        expect(asked(run, row), run.stderr).toEqual(ASKS_NOTHING.includes(method) ? [] : row.wanted);
        bare = walk.foreign();
        expect(addedTo(before, bare)).toEqual([]);
      }
      if (verb === 'install' && method === 'rpm') bare = reboot(walk, bare);
      if (verb === 'uninstall') expect(machine.has('/var/lib/toa')).toBe(false);
      if (LATER.includes(verb)) await again(walk, verb, () => runVerb(row, verb));
      // The verbs of all, each for the second time.
      if (verb === 'verify') await again(walk, 'all', () => machine.install(row.script));
      if (verb === 'update' && machine.has(`/lib/modules/${row.newer}`)) {
        rmSync(`${machine.root}/lib/modules/${row.newer}`, { recursive: true });
        expect(await runVerb(row, 'update')).toMatchObject({ code: 0 });
      }
    }
    expect(walk.foreign()).toEqual(bare);
    expect(machine.temporary()).toEqual([]);
    await allAtOnce(new Walk(number), id, method);
  });

  it('every row met every shell, and every verb of every method on every occasion', () => {
    const few = [...met].filter(([key, shells]) => !key.startsWith('vtoa') && shells.size < SHELLS.length);
    expect(few).toEqual([]);
    expect(met.size).toBeGreaterThan(TARGETS.length);
  });
});

/** The verb is spoiled: it says so, and what is not ours stays as it was. */
async function fails(walk: Walk, verb: (typeof VERBS)[number], method: string): Promise<void> {
  const { machine, row } = walk;
  const fault = faultOf(verb, method, row);
  const before = filesOf(walk.foreign());
  fault.spoil();
  const run = await walk.verb(verb, 'fails');
  fault.mend();
  expect(run.code, run.stderr).toBe(fault.code);
  expect(run.stderr).toMatch(/toa-setup: |has no line/);
  if (verb === 'deps' && fault.code === 11) {
    expect(receipt(machine).reason).toContain(`${row.target.packageManager} could not install `);
    for (const name of row.wanted) expect(receipt(machine).reason).toContain(name);
    if (method !== 'vtoa') expect(receipt(machine).hint).toContain(row.target.archive?.location ?? 'see /');
  }
  if (verb === 'uninstall' && run.stderr.includes('stays loaded'))
    expect(receipt(machine)).toMatchObject({ result: 'failed', step: verb });
  // What these write of ours before they fail is harmless, and uninstall takes it back.
  if (!/enable|load|disable|uninstall/.test(verb))
    expect(filesOf(withoutKernel(walk.foreign(), row.newer)), run.stderr).toEqual(before);
}

/** Run again, it does nothing; but uninstall has nothing to take back. */
async function again(walk: Walk, verb: string, start: () => Promise<Run>): Promise<void> {
  const tree = () => (verb === 'uninstall' ? walk.foreign() : walk.settled());
  const before = tree();
  const run = await walk.run(`${verb} again`, start);
  expect(run.code, run.stderr).toBe(verb === 'uninstall' ? 1 : 0);
  expect(tree(), run.stderr).toEqual(before);
  expect([asked(run, walk.row), ran(run, 'make')], run.stderr).toEqual([[], []]);
}

/** The verb all, on a machine of its own: refused, and nothing is done; then everything at once. */
async function allAtOnce(walk: Walk, id: string, method: string): Promise<void> {
  const { machine, row } = walk;
  const before = walk.foreign();
  const fault = faultOf('preflight', method, row);
  fault.spoil();
  const refused = await walk.run('all fails', () => machine.install(row.script));
  fault.mend();
  expect(refused.code, refused.stderr).toBe(fault.code);
  expect(walk.foreign()).toEqual(before);
  const run = await walk.run('all first', () => machine.install(row.script));
  expect(run.code, run.stderr).toBe(0);
  expect(receipt(machine)).toMatchObject({ result: method === 'rpm' ? 'reboot-needed' : 'ok', target: id, method });
}

/** The words that were asked of the row's package manager. */
function asked(run: Run, { manager }: RowMachine): readonly string[] {
  const words = ran(run, manager)[0]?.split(' install ')[1]?.split(' ') ?? [];
  return words.filter((word) => !word.startsWith('-'));
}

/** The kernel of the vendor runs now, and stays when all else is taken back. */
function reboot(walk: Walk, bare: Tree): Tree {
  const { machine, row } = walk;
  machine.steer({ release: row.reader });
  machine.write({ '/proc/sys/kernel/random/boot_id': 'boot-2\n' });
  const ofKernel = Object.entries(walk.foreign()).filter(
    ([path]) => path.startsWith(`lib/modules/${row.reader}`) || path.endsWith('/boot_id'),
  );
  return { ...bare, ...Object.fromEntries(ofKernel) };
}

type Tree = Readonly<Record<string, string>>;
const isFolder = (entry: string): boolean => entry.startsWith('4');
const filesOf = (tree: Tree): Tree => Object.fromEntries(Object.entries(tree).filter(([, entry]) => !isFolder(entry)));
const withoutKernel = (tree: Tree, release: string): Tree =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => !path.startsWith(`lib/modules/${release}/`)));

/** What differs besides what packages brought: headers, the reader of the distribution, a vendor's kernel. */
function addedTo(before: Tree, after: Tree): readonly string[] {
  const brought =
    /^lib\/modules\/([^/]+\/build|[^/]+\.toa\.x86_64)(\/|$)|^usr\/lib(\/systemd(\/system(\/vtoa\.service)?)?)?$|^run\/toa-reboot-needed$/;
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return paths.filter((path) => before[path] !== after[path] && !brought.test(path));
}
