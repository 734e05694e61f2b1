/** What another user of the machine can do to toa-setup, tried as that user; and what toa-setup does where somebody let him. */

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type FakeMachine, KERNEL, SHELLS, type Shell } from '../support/fakeroot.ts';
import { fake, module, ran, receipt, script } from '../support/setup.ts';

const USER = 12345;

/** Says of each folder what it let this user do: read the plan, change a file, move one away, plant a link by a name that root writes. */
const ATTACK = `
for folder in "$@"; do
	[ -e "$folder/toa.env" ] && cat "$folder/toa.env" >/dev/null && echo "$folder: read"
	for file in "$folder"/*; do
		[ -f "$file" ] && echo x >>"$file" && echo "$folder: changed"
		[ -e "$file" ] && mv "$file" "$file.gone" && echo "$folder: moved"
	done
	for name in .toa-new out trusted toa.env receipt.json files root all work method.sh toa.ko; do
		ln -sf "$VICTIM" "$folder/$name" && echo "$folder: linked"
	done
done 2>/dev/null | sort -u`;

/** A machine whose folders other users can reach, with a /tmp as every machine has it, and a file that no attack may change. */
function shared(shell: Shell): { readonly machine: FakeMachine; readonly tmp: string; readonly victim: string } {
  const machine = fake(shell);
  const home = dirname(machine.root);
  const [tmp, victim] = [join(home, 'tmp'), join(home, 'victim')];
  chmodSync(home, 0o755);
  chmodSync(tmp, 0o1777);
  writeFileSync(victim, 'of root\n');
  return { machine, tmp, victim };
}

function attack(victim: string, folders: readonly string[]): readonly string[] {
  const as = [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '/bin/sh', '-c', ATTACK, 'sh', ...folders];
  const said = execFileSync('setpriv', as, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', VICTIM: victim } });
  return said.split('\n').slice(0, -1);
}

/** Every folder of the machine that has a file of ours, or is about to. */
function foldersOf(machine: FakeMachine): readonly string[] {
  const files = machine.read('/var/lib/toa/files').split('\n').slice(0, -1);
  const folders = new Set([
    ...files.map(dirname),
    '/var/lib/toa',
    '/var/lib/toa/built',
    `/var/lib/toa/built/${KERNEL}`,
  ]);
  return [...folders].map((path) => join(machine.root, path));
}

/** Without what is another one at each run. */
function state(machine: FakeMachine): Readonly<Record<string, string>> {
  const { 'var/lib/toa/build.log': _, ...tree } = machine.tree();
  return tree;
}

describe.runIf(process.getuid?.() === 0).each(['dash', 'busybox'] as const)(
  'another user of the machine, toa-setup under %s',
  (shell) => {
    it('can change nothing of what is installed, and cannot read the plan', async () => {
      const { machine, victim } = shared(shell);
      expect(await machine.install(script())).toMatchObject({ code: 0 });
      const before = machine.tree();
      expect(foldersOf(machine).length).toBeGreaterThan(8);
      expect(attack(victim, foldersOf(machine))).toEqual([]);
      expect(machine.tree()).toEqual(before);
      // Control: the same user, where somebody let him.
      const open = join(machine.root, 'etc/toa');
      chmodSync(open, 0o777);
      chmodSync(join(open, 'toa.env'), 0o666);
      const did = ['changed', 'linked', 'moved', 'read'];
      expect(attack(victim, [open])).toEqual(did.map((what) => `${open}: ${what}`));
    });

    it('can change nothing of what is about to be installed, whatever he planted in /tmp', async () => {
      const untouched = shared(shell);
      expect(await untouched.machine.install(script())).toMatchObject({ code: 0 });
      const { machine, tmp, victim } = shared(shell);
      // Names that a careless script would take.
      expect(attack(victim, [tmp])).toEqual([`${tmp}: linked`]);
      const planted = readdirSync(tmp).sort();
      machine.steer({ 'make-waits': '' });
      const run = machine.install(script());
      await vi.waitFor(() => expect(machine.has('/var/lib/toa/work/toa.c')).toBe(true), {
        timeout: 60_000,
        interval: 50,
      });
      const payloads = readdirSync(tmp).filter((name) => !planted.includes(name));
      expect(payloads).toHaveLength(1);
      const [payload = ''] = payloads.map((name) => join(tmp, name));
      const below = ['', 'root', 'root/etc/toa', 'root/usr/local/sbin', 'root/usr/local/lib/toa'];
      const building = ['var/lib/toa', 'var/lib/toa/work', 'var/lib'].map((path) => join(machine.root, path));
      expect(attack(victim, [...below.map((path) => join(payload, path)), ...building])).toEqual([]);
      // The folder of that name is not his to put another in its place.
      const swap = ['-c', `mv ${payload} ${payload}.gone || rmdir ${payload} || ln -sfn ${victim} ${payload}`];
      const as = [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '/bin/sh', ...swap];
      spawnSync('setpriv', as);
      machine.steer({ 'make-waits': null });
      expect(await run).toMatchObject({ code: 0 });
      const root = new RegExp(untouched.machine.root, 'g');
      expect(state(machine)).toEqual(
        Object.fromEntries(
          Object.entries(state(untouched.machine)).map(([path, entry]) => [path, entry.replace(root, machine.root)]),
        ),
      );
      expect(execFileSync('cat', [victim], { encoding: 'utf8' })).toBe('of root\n');
      expect(readdirSync(tmp).sort()).toEqual(planted);
    });

    const LOOSE: readonly (readonly [what: string, path: string, loosen: (path: string) => void])[] = [
      ['the plan’s folder is everybody’s', '/etc/toa', (path) => chmodSync(path, 0o777)],
      ['the plan is everybody’s', '/etc/toa/toa.env', (path) => chmodSync(path, 0o666)],
      ['the list is another user’s', '/etc/toa/trusted', (path) => chownSync(path, USER, USER)],
      ['the receipt is everybody’s', '/var/lib/toa/receipt.json', (path) => chmodSync(path, 0o646)],
      ['the state is a group’s', '/var/lib/toa', (path) => chmodSync(path, 0o775)],
      ['a part is another user’s', '/usr/local/lib/toa/method.sh', (path) => chownSync(path, USER, USER)],
    ];
    it('is not obeyed where somebody let him: refused, with the path, until the owner is root again', async () => {
      const { machine } = shared(shell);
      expect(await machine.install(script())).toMatchObject({ code: 0 });
      for (const [what, path, loosen] of LOOSE) {
        const at = join(machine.root, path);
        const kept = machine.mode(path);
        loosen(at);
        const run = await machine.setup('load');
        expect([run.code, ran(run, 'modprobe')], what).toEqual([13, []]);
        expect(run.stderr, what).toContain(`others may write to ${at} (`);
        chmodSync(at, Number.parseInt(kept, 8));
        chownSync(at, 0, 0);
      }
      expect((await machine.setup('load')).code).toBe(0);
      chmodSync(join(machine.root, '/etc/toa'), 0o777);
      expect(await machine.install(script())).toMatchObject({ code: 13 });
    });

    it('is not obeyed where he came first', async () => {
      const { machine, victim } = shared(shell);
      const state = join(machine.root, 'var/lib/toa');
      mkdirSync(state);
      chownSync(state, USER, USER);
      symlinkSync(victim, join(state, 'out'));
      const run = await machine.install(script());
      expect([run.code, run.stderr]).toEqual([13, expect.stringContaining(`others may write to ${state} (`)]);
      expect(execFileSync('cat', [victim], { encoding: 'utf8' })).toBe('of root\n');
      expect([ran(run, 'make'), machine.has('/usr/local/sbin/toa-setup')]).toEqual([[], false]);
    });
  },
);

describe.each(SHELLS)('toa-setup that was damaged, under %s', (shell) => {
  const PART = '/usr/local/lib/toa/method.sh';

  it('runs no part that is not as it was installed: says which, loads nothing; install-toa.sh mends it', async () => {
    const machine = fake(shell);
    expect(await machine.install(script())).toMatchObject({ code: 0 });
    const whole = machine.read(PART);
    const ran1 = `touch ${machine.root}/executed\n`;
    const damages: readonly string[] = [ran1 + whole, whole.slice(0, whole.length / 2), ''];
    for (const damage of damages) {
      machine.write({ [PART]: damage, '/proc/modules': '' });
      for (const verb of ['load', 'status']) {
        const run = await machine.setup(verb);
        expect([run.code, run.stderr]).toEqual([
          17,
          expect.stringContaining(`: damaged or missing: ${PART.slice(1)} (`),
        ]);
        expect([ran(run, 'modprobe'), ran(run, 'make'), machine.has('/executed')]).toEqual([[], [], false]);
      }
    }
    const { code, stderr } = await machine.install(script());
    expect([code, machine.read(PART) === whole], stderr).toEqual([0, true]);
    expect((await machine.setup('load')).code).toBe(0);
    // Control: without the sums it would have been run.
    machine.write({ [PART]: ran1 + whole, '/usr/local/lib/toa/sums': '' });
    await machine.setup('status');
    expect(machine.has('/executed')).toBe(true);
  });

  it('misses a part, and notices that it is changed itself', async () => {
    const machine = fake(shell);
    expect(await machine.install(script())).toMatchObject({ code: 0 });
    machine.write({ '/usr/local/sbin/toa-setup': `${machine.read('/usr/local/sbin/toa-setup')}# more\n` });
    execFileSync('rm', [join(machine.root, '/usr/local/lib/toa/takeover.sh')]);
    const run = await machine.setup('load');
    expect(run.code).toBe(17);
    expect(run.stderr).toContain('usr/local/lib/toa/takeover.sh');
    expect(run.stderr).toContain('usr/local/sbin/toa-setup');
  });

  it('an installation that was cut off is no damage: the rest is put in place, and the reader stays', async () => {
    const machine = fake(shell);
    expect(await machine.install(script())).toMatchObject({ code: 0 });
    machine.steer({ 'sync-fails': '' });
    expect((await machine.install(script(), ['install'])).code).toBe(13);
    machine.steer({ 'sync-fails': null });
    expect(machine.has('/usr/local/lib/toa/sums')).toBe(false);
    expect((await machine.setup('status')).code).toBe(0);
    expect(await machine.install(script())).toMatchObject({ code: 0 });
    expect(machine.has('/usr/local/lib/toa/sums')).toBe(true);
    expect([receipt(machine).result, machine.has(module(KERNEL))]).toEqual(['ok', true]);
  });
});
