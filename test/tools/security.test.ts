/** What keeps the tool's own supply honest, and what docs/security.md says of it. */

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder, inRepo } from '../support/cli.ts';

const read = (path: string): string => readFileSync(inRepo(path), 'utf8');

/** Texts of the folder's files by path. */
const textsOf = (folder: string): readonly (readonly [string, string])[] =>
  readdirSync(inRepo(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(inRepo('').length), readFileSync(path, 'utf8')]);

interface Locked {
  readonly integrity?: string;
  readonly inBundle?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

describe('npm packages', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'));
  const lock: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(read('package-lock.json'));

  it('are pinned, each to one version', () => {
    const versions = Object.entries({ ...dependencies, ...devDependencies });
    expect(versions.length).toBeGreaterThan(10);
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
  });

  it('and what they bring too, each by its hash', () => {
    // What travels inside of another has that one's. The linter's builds for other systems are not installed here.
    const brought = Object.entries(lock.packages).filter(
      ([path, { inBundle, dev, optional }]) => path !== '' && !inBundle && !(dev && optional),
    );
    expect(brought.length).toBeGreaterThan(50);
    expect(brought.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
  });
});

describe('what reaches a machine', () => {
  it('is downloaded by download.sh alone, which knows https only, and a limit of size and time', () => {
    const downloads = /\b(?:curl|wget|aria2c)\s+-|\burlopen\(|\bbuild_opener\(|\burlretrieve\(/;
    const shipped = [...textsOf('guest'), ...textsOf('packer')].filter(([path]) => !path.endsWith('.md'));
    expect(shipped.filter(([, text]) => downloads.test(text)).map(([path]) => path)).toEqual(['guest/download.sh']);
    const [, body = ''] = /^download\(\) \(\n([\s\S]*?)^\)/m.exec(read('guest/download.sh')) ?? [];
    expect(body).toMatch(/^\tulimit -f "\$BLOCKS"\n/);
    const starts = body.split('\n').filter((line) => /\bexec\b/.test(line));
    expect(starts.length).toBe(3);
    for (const line of starts) expect(line).toContain('exec timeout "$PATIENCE"');
  });
});

/** The units as systemd would load them, with a firewall and a vendor's reader for the drop-ins to belong to. */
function units(change = (text: string): string => text): Readonly<Record<string, string>> {
  const names = readdirSync(inRepo('guest/units')).filter((name) => /\.(service|target)$/.test(name));
  const text = (name: string) =>
    change(read(`guest/units/${name}`)).replaceAll('/usr/local/sbin/toa-setup', '/bin/true');
  const other = '[Service]\nExecStart=/bin/true\n';
  return {
    ...Object.fromEntries(names.map((name) => [name, text(name)])),
    ...{ 'fire.service': other, 'vtoa.service': other },
    ...{ 'fire.service.d/toa.conf': text('firewall.conf'), 'vtoa.service.d/toa.conf': text('reader.conf') },
  };
}

const analyze = (folder: string, ...args: readonly string[]) =>
  spawnSync('systemd-analyze', args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
  });

describe('units', () => {
  const services = Object.keys(units()).filter((name) => /^[^/]*\.(service|target)$/.test(name));
  const verify = async (files: Readonly<Record<string, string>>) =>
    await inFolder(files, (folder) => {
      const { stdout, stderr } = analyze(folder, 'verify', '--man=no', ...services.map((name) => join(folder, name)));
      return `${stdout}${stderr}`;
    });

  it('have no fault that systemd knows', async () => {
    expect(await verify(units())).toBe('');
    expect(await verify(units((text) => text.replace('[Service]\n', '[Service]\nProtectHoome=yes\n')))).toContain(
      'ProtectHoome',
    );
  });
});

describe('docs/security.md', () => {
  const page = read('docs/security.md');
  const rows = page.split('\n').filter((line) => /^\| (?!---)/.test(line));
  const cited = [...page.matchAll(/`(test\/[\w./-]+)`(?:: “([^”]+)”)?/g)].map(([, path = '', words]) => ({
    path,
    words,
  }));

  it('cites tests that are there, by words that are in them', () => {
    expect(cited.length).toBeGreaterThan(20);
    for (const { path, words } of cited) {
      const text = read(path).replaceAll("\\'", "'");
      if (words !== undefined) expect(text.includes(words), `${path}: ${words}`).toBe(true);
    }
  });

  it('has a test for each line', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => !row.startsWith('| who') && !/`test\//.test(row))).toEqual([]);
  });
});
