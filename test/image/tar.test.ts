import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openReader } from '../../src/image/open.ts';
import { describeImage, makeRoot, opened, scratch, sha256, textOf, tool } from './tree.ts';

const dir = scratch();
const root = join(dir, 'root');
let expected: Readonly<Record<string, string>>;

beforeAll(async () => {
  makeRoot(root);
  expected = await describeImage(root);
});

const at = (name: string): string => join(dir, name);

async function whyOf(name: string): Promise<string> {
  const found = await openReader(at(name));
  return found.state === 'unknown' ? found.why : found.state;
}

describe('an archive of a root', () => {
  it.each([
    ['gnu', ['--format=gnu']],
    ['pax', ['--format=pax']],
    ['ustar', ['--format=ustar', '--exclude=./long']],
    ['gzip', ['-z']],
    ['xz', ['-J']],
    ['zstd', ['--zstd']],
    ['with names from the root on', ['--transform=s,^\\./,/,S', '-P']],
  ])('%s', async (name, args) => {
    const path = at(`${name}.tar`);
    tool('tar', '-C', root, '-c', ...args, '-f', path, '.');
    const before = sha256(path);
    const { '/long': link, ...rest } = expected;
    expect(await describeImage(path)).toEqual(args.includes('--exclude=./long') ? rest : { ...rest, '/long': link });
    expect(sha256(path)).toBe(before);
  });

  it('is not read past its names', async () => {
    tool('tar', '-C', root, '-cf', at('plain.tar'), '.');
    const reader = await opened(at('plain.tar'));
    expect(await textOf(reader, '/escape')).toContain('root:');
    expect(reader.bytesRead()).toBeLessThan(1_000_000);
    await reader.close();
  });

  it('takes the last of two members, and a name that leads out for none', async () => {
    mkdirSync(at('twice'));
    writeFileSync(at('twice/a'), 'first');
    writeFileSync(at('outside'), 'outside');
    tool('tar', '-C', at('twice'), '-cPf', at('twice.tar'), 'a', '../outside');
    writeFileSync(at('twice/a'), 'second');
    tool('tar', '-C', at('twice'), '-rPf', at('twice.tar'), 'a');
    const reader = await opened(at('twice.tar'));
    expect(await reader.list('/')).toEqual({ state: 'known', value: ['a'] });
    expect(await textOf(reader, '/a')).toBe('second');
    await reader.close();
  });

  it('puts what comes through a link where the link leads', async () => {
    mkdirSync(at('usrmerge/usr/lib'), { recursive: true });
    symlinkSync('usr/lib', at('usrmerge/lib'));
    tool('tar', '-C', at('usrmerge'), '-cf', at('usrmerge.tar'), '.');
    mkdirSync(at('second/lib/modules'), { recursive: true });
    writeFileSync(at('second/lib/modules/x'), 'x');
    tool('tar', '-C', at('second'), '-rf', at('usrmerge.tar'), 'lib/modules/x');
    const reader = await opened(at('usrmerge.tar'));
    expect(await textOf(reader, '/usr/lib/modules/x')).toBe('x');
    expect(await textOf(reader, '/lib/modules/x')).toBe('x');
    await reader.close();
  });

  it('that is cut off, without an end, or of a kind that nobody knows: unknown, because', async () => {
    tool('tar', '-C', root, '-cf', at('whole.tar'), './etc', './boot');
    tool('sh', '-c', `head -c 5000 "$1" > "$2"`, 'sh', at('whole.tar'), at('cut.tar'));
    expect(await whyOf('cut.tar')).toMatch(/^it is truncated or corrupt/);
    tool('sh', '-c', 'tar -C "$1" -c etc boot | gzip | head -c 3000 > "$2"', 'sh', root, at('cut.tar.gz'));
    expect(await whyOf('cut.tar.gz')).toMatch(/^its gzip data cannot be unpacked/);
    tool('sh', '-c', 'tar -C "$1" -c etc boot | xz | head -c 3000 > "$2"', 'sh', root, at('cut.tar.xz'));
    expect(await whyOf('cut.tar.xz')).toMatch(/^its xz data cannot be unpacked/);
    tool('sh', '-c', 'tar -C "$1" -c etc boot | zstd -q | head -c 3000 > "$2"', 'sh', root, at('cut.tar.zst'));
    expect(await whyOf('cut.tar.zst')).toMatch(/^its zstd data cannot be unpacked/);
    writeFileSync(at('text'), 'no image\n'.repeat(1000));
    expect(await whyOf('text')).toMatch(/^it is no archive and no disk image/);
    expect(await whyOf('nothing')).toBe('absent');
  });
});

/** Makes a layer of files; null is a directory. */
function layer(name: string, files: Readonly<Record<string, string | null>>, ...args: readonly string[]): string {
  const folder = at(`layer-${name}`);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, content === null ? '.' : '..'), { recursive: true });
    if (content !== null) writeFileSync(join(folder, path), content);
  }
  tool('tar', '-C', folder, '-c', ...args, '-f', at(name), '.');
  return at(name);
}

const LOWER = { 'etc/os-release': 'ID=lower', 'etc/gone': 'x', 'opt/all/a': 'a', 'opt/all/b': 'b', 'dir/kept': 'k' };
const UPPER = {
  'etc/os-release': 'ID=upper',
  'etc/.wh.gone': '',
  'opt/all/.wh..wh..opq': '',
  'opt/all/c': 'c',
  'dir/new': 'n',
};

async function expectLayered(image: string): Promise<void> {
  const reader = await opened(image);
  expect(await textOf(reader, '/etc/os-release')).toBe('ID=upper');
  expect(await reader.list('/etc')).toEqual({ state: 'known', value: ['os-release'] });
  expect(await reader.list('/opt/all')).toEqual({ state: 'known', value: ['c'] });
  expect(await reader.list('/dir')).toEqual({ state: 'known', value: ['kept', 'new'] });
  await reader.close();
}

describe('an image in layers', () => {
  it.each([
    ['plain', []],
    ['packed', ['-z']],
  ])('as docker save writes it, its layers %s', async (name, args) => {
    const out = at(`docker-${name}`);
    mkdirSync(join(out, 'l1'), { recursive: true });
    mkdirSync(join(out, 'l2'));
    tool('mv', layer(`${name}1.tar`, LOWER, ...args), join(out, 'l1/layer.tar'));
    tool('mv', layer(`${name}2.tar`, UPPER, ...args), join(out, 'l2/layer.tar'));
    const manifest = [{ Config: 'c.json', RepoTags: ['x:1'], Layers: ['l1/layer.tar', 'l2/layer.tar'] }];
    writeFileSync(join(out, 'manifest.json'), JSON.stringify(manifest));
    tool('tar', '-C', out, '-cf', at(`docker-${name}.tar`), '.');
    await expectLayered(at(`docker-${name}.tar`));
    writeFileSync(join(out, 'manifest.json'), JSON.stringify([...manifest, ...manifest]));
    tool('tar', '-C', out, '-cf', at('two.tar'), '.');
    expect(await whyOf('two.tar')).toBe('it holds 2 images; save one at a time');
    rmSync(join(out, 'l1/layer.tar'));
    writeFileSync(join(out, 'manifest.json'), JSON.stringify(manifest));
    tool('tar', '-C', out, '-cf', at('lacks.tar'), '.');
    expect(await whyOf('lacks.tar')).toBe('its layer l1/layer.tar is missing');
  });

  it('as OCI tools write it', async () => {
    const out = at('oci');
    mkdirSync(join(out, 'blobs/sha256'), { recursive: true });
    const put = (path: string): string => {
      const sum = sha256(path);
      tool('cp', path, join(out, 'blobs/sha256', sum));
      return `sha256:${sum}`;
    };
    const json = (value: unknown): string => {
      writeFileSync(at('blob.json'), JSON.stringify(value));
      return put(at('blob.json'));
    };
    const layers = [put(layer('o1.tar', LOWER, '--zstd')), put(layer('o2.tar', UPPER, '-z'))].map((digest) => ({
      digest,
    }));
    const image = { digest: json({ schemaVersion: 2, layers }), platform: { os: 'linux', architecture: 'amd64' } };
    const attestation = { digest: json({ layers: [] }), platform: { os: 'unknown', architecture: 'unknown' } };
    writeFileSync(join(out, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(
      join(out, 'index.json'),
      JSON.stringify({ manifests: [{ digest: json({ manifests: [image, attestation] }) }] }),
    );
    tool('tar', '-C', out, '-cf', at('oci.tar'), '.');
    await expectLayered(at('oci.tar'));
  });
});
