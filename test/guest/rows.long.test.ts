/**
 * toa-setup for every row of the catalog, by every method that the row can have: each verb fails once, is run, and is run again; then
 * everything is taken back. Shells take turns from run to run, so that each row meets each shell, and each verb of each method too.
 */

import { rmSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { availableMethods } from '../../src/plan/method.ts';
import { TARGETS } from '../../src/plan/targets.ts';
import { type FakeMachine, type Run, SHELLS, type Shell } from '../support/fakeroot.ts';
import { faultOf, knownFacts, type RowMachine, rowMachine, runVerb, VERBS } from '../support/row-machine.ts';
import { ran, receipt } from '../support/setup.ts';
import { SERVED, type ServedFacts, servedFacts } from '../support/suite-index.ts';

const CASES = TARGETS.flatMap((target) => availableMethods(target).map((method) => ({ id: target.id, method })));
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
  readonly #late: boolean;
  #turn: number;

  constructor(number: number) {
    const one = CASES[number];
    const facts = one && (served.get(one.id) ?? knownFacts(one.id));
    if (!one || !facts) throw new Error(`nothing is known of ${one?.id}`);
    this.#case = one;
    this.#turn = number;
    this.#late = number % 2 === 1;
    this.row = rowMachine(one.id, one.method, 'dash', facts, number);
  }

  /** Whether all of this machine fails late. */
  get late(): boolean {
    return this.#late;
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
      await fails(walk, verb, method);
      const run = await walk.verb(verb, 'first');
      expect(run.code, run.stderr).toBe(0);
      if (verb === 'deps') {
        expect(asked(run, row), run.stderr).toEqual(method === 'prebuilt' || method === 'rpm' ? [] : row.wanted);
        bare = walk.foreign();
        expect(addedTo(before, bare)).toEqual([]);
      }
      if (verb === 'uninstall') expect(machine.has('/var/lib/toa')).toBe(false);
      await again(walk, verb);
      if (verb === 'install' && method === 'rpm') bare = reboot(walk, bare);
      if (verb === 'update' && machine.has(`/lib/modules/${row.newer}`)) {
        rmSync(`${machine.root}/lib/modules/${row.newer}`, { recursive: true });
        expect(await runVerb(row, 'update')).toMatchObject({ code: 0 });
      }
    }
    expect(walk.foreign()).toEqual(bare);
    expect(machine.temporary()).toEqual([]);
    await allAtOnce(new Walk(number), method, id);
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
  }
  // What these write of ours before they fail is harmless, and uninstall takes it back.
  if (!/enable|load|disable|uninstall/.test(verb))
    expect(filesOf(withoutKernel(walk.foreign(), row.newer)), run.stderr).toEqual(before);
}

/** Run again, it does nothing; but uninstall has nothing to take back. */
async function again(walk: Walk, verb: string): Promise<void> {
  const before = verb === 'uninstall' ? walk.foreign() : walk.settled();
  const run = await walk.verb(verb, 'again');
  expect(run.code, run.stderr).toBe(verb === 'uninstall' ? 1 : 0);
  expect(verb === 'uninstall' ? walk.foreign() : walk.settled(), run.stderr).toEqual(before);
  expect([asked(run, walk.row), ran(run, 'make')], run.stderr).toEqual([[], []]);
}

/** The verb all, on a machine of its own: it fails early or late, is run, is run again, and is taken back. */
async function allAtOnce(walk: Walk, method: string, id: string): Promise<void> {
  const { machine, row } = walk;
  const before = walk.foreign();
  const late = method === 'rpm' ? 'build' : 'load';
  const fault = faultOf(walk.late ? late : 'preflight', method, row);
  fault.spoil();
  const failed = await walk.run('all fails', () => machine.install(row.script));
  fault.mend();
  expect(failed.code, failed.stderr).toBe(fault.code);
  const first = await walk.run('all first', () => machine.install(row.script));
  expect(first.code, first.stderr).toBe(0);
  expect(receipt(machine)).toMatchObject({ result: method === 'rpm' ? 'reboot-needed' : 'ok', target: id, method });
  const settled = walk.settled();
  const second = await walk.run('all again', () => machine.install(row.script));
  expect(second.code, second.stderr).toBe(0);
  expect([asked(second, row), ran(second, 'make')], second.stderr).toEqual([[], []]);
  expect(walk.settled(), second.stderr).toEqual(settled);
  const gone = await walk.run('all uninstall', () => machine.setup('uninstall'));
  expect(gone.code, gone.stderr).toBe(0);
  expect(addedTo(before, walk.foreign())).toEqual([]);
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
