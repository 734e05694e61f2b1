import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder, runCli } from '../support/cli.ts';
import { payload } from '../support/setup.ts';

const GUEST = new URL('../../guest/', import.meta.url).pathname;

/** What a shell reads: by name, or by its first line. */
const scripts = readdirSync(GUEST, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((path) => path.endsWith('.sh') || /^#!\S*sh\b/.test(readFileSync(path, 'utf8')));
const shellFiles = scripts.map((path) => [path.slice(GUEST.length), readFileSync(path, 'utf8')] as const);
const rendered = await inFolder(
  { 'toa.yaml': 'version: 1\ntrust: any\nmethod: module\ntargets: [debian-12, rocky-9, centos-6]\n' },
  async (folder) => {
    await runCli(folder, ['render', '--only', 'script']);
    return ['debian-12', 'rocky-9', 'centos-6'].map(
      (id) =>
        [`install-toa.sh of ${id}`, readFileSync(join(folder, `out/${id}/script/install-toa.sh`), 'utf8')] as const,
    );
  },
);

const fetching: readonly (readonly [string, string])[] = [
  [
    'the program that fetches it',
    payload('debian-12', ', payload: {url: "https://example.com/install-toa.sh"}').carried,
  ],
];

const SHELLS = [['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'ash']] as const;

describe('every shell file of guest/', () => {
  it('is found', () => {
    expect(shellFiles.map(([name]) => name)).toContain('toa-setup');
    expect(shellFiles.length).toBeGreaterThan(3);
  });

  it.each(shellFiles)('%s has no fault that shellcheck knows', (name) => {
    const { stdout, status } = shellcheck(join(GUEST, name));
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it.each([...shellFiles, ...rendered, ...fetching])('%s is read by every shell', (_, text) => {
    for (const [shell, ...options] of SHELLS) expect(reads(shell, options, text), shell).toBe('');
  });
});

describe('install-toa.sh', () => {
  it.each(rendered)('%s: the part that a shell runs has no fault that shellcheck knows', async (_, text) => {
    const program = programOf(text);
    const { stdout } = await inFolder({ 'install-toa.sh': program }, (folder) =>
      shellcheck(join(folder, 'install-toa.sh')),
    );
    expect(stdout).toBe('');
  });
});

describe('the linters', () => {
  it('are ones that can fail', async () => {
    await inFolder({ planted: '#!/bin/sh\nrm -rf $1/*\n' }, (folder) => {
      expect(shellcheck(join(folder, 'planted')).stdout).toContain('SC2086');
    });
    for (const [shell, ...options] of SHELLS) expect(reads(shell, options, 'if true; then\n'), shell).not.toBe('');
  });
});

/** From the repository's root, as the `source=` directives are written. */
function shellcheck(path: string): { readonly stdout: string; readonly status: number | null } {
  return spawnSync('shellcheck', ['-x', '-S', 'style', path], { cwd: join(GUEST, '..'), encoding: 'utf8' });
}

/** What stands above the files that install-toa.sh carries; all of any other script. */
function programOf(text: string): string {
  return text.split(/^(?=# --- (?:files|fetch) ---$)/m)[0] ?? '';
}

/** What the shell says about the syntax, running nothing. */
function reads(shell: string, options: readonly string[], text: string): string {
  const { status, stderr } = spawnSync(shell, [...options, '-n'], { input: programOf(text), encoding: 'utf8' });
  return status === 0 ? '' : `exit ${status}: ${stderr}`;
}
