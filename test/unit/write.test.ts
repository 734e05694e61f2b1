import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Artifact } from '../../src/render/types.ts';
import { writeArtifacts, writeSingle } from '../../src/write.ts';
import { inFolder } from '../support/cli.ts';

const ARTIFACTS: readonly Artifact[] = [
  { path: 'a/b/user-data', mode: 0o644, content: 'one\n' },
  { path: 'a/c/install.sh', mode: 0o755, content: 'two\n' },
];

let root = '';
let end = (): void => {};
const at = (path: string): string => join(root, path);
const text = (path: string): string => readFileSync(at(path), 'utf8');
/** Every path there is: what a refusal must leave as it was. */
const everything = (): readonly string[] => readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();

beforeEach(async () => {
  await new Promise<void>((ready) => {
    inFolder({ 'elsewhere/kept': 'kept\n' }, (folder) => {
      root = folder;
      ready();
      return new Promise<void>((done) => {
        end = done;
      });
    });
  });
});
afterEach(() => end());

/** Expects a refusal with this code that changes nothing. */
function refuses(dir: string, code: string, force = false): void {
  const before = everything();
  const { problems, written } = writeArtifacts(dir, ARTIFACTS, force);
  expect(problems.map((p) => p.code)).toContain(code);
  expect(written).toEqual([]);
  expect(everything()).toEqual(before);
}

describe('writing', () => {
  it('puts files in place with their modes and leaves nothing else behind', () => {
    expect(writeArtifacts(at('out'), ARTIFACTS, false).problems).toEqual([]);
    expect(text('out/a/b/user-data')).toBe('one\n');
    expect(statSync(at('out/a/c/install.sh')).mode & 0o100).toBe(0o100);
    expect(everything().filter((path) => path.includes('toa-new'))).toEqual([]);
  });

  it('leaves files alone that are as they should be', () => {
    writeArtifacts(at('out'), ARTIFACTS, false);
    const before = statSync(at('out/a/b/user-data')).ino;
    const { written, unchanged } = writeArtifacts(at('out'), ARTIFACTS, false);
    expect([written, unchanged.length]).toEqual([[], 2]);
    expect(statSync(at('out/a/b/user-data')).ino).toBe(before);
  });

  it('replaces its own files, also those of a run that was interrupted', () => {
    writeArtifacts(at('out'), ARTIFACTS, false);
    const newer = ARTIFACTS.map((a) => ({ ...a, content: `${a.content}new\n` }));
    expect(writeArtifacts(at('out'), newer, false).written).toHaveLength(2);
    expect(text('out/a/b/user-data')).toBe('one\nnew\n');
  });
});

describe('writing refuses, all or nothing,', () => {
  it('a directory below a file', () => refuses(at('elsewhere/kept/out'), 'output/unwritable'));

  it.runIf(process.platform === 'linux')('a place where not even root can write', () => {
    refuses('/proc/self/toa-bake', 'output/unwritable');
  });

  it('a file that is not ours, and one of ours that was edited', () => {
    mkdirSync(at('out/a/b'), { recursive: true });
    writeFileSync(at('out/a/b/user-data'), 'theirs\n');
    refuses(at('out'), 'output/foreign');
    expect(writeArtifacts(at('out'), ARTIFACTS, true).problems).toEqual([]);
    writeFileSync(at('out/a/c/install.sh'), 'edited\n');
    refuses(at('out'), 'output/foreign');
    expect(text('out/a/c/install.sh')).toBe('edited\n');
  });

  it.each(['null', '[]', '{"a/b/user-data": 1}', '{', '"x"'])('to believe a list of files that says %s', (list) => {
    mkdirSync(at('out/a/b'), { recursive: true });
    writeFileSync(at('out/.toa-bake.json'), list);
    writeFileSync(at('out/a/b/user-data'), 'theirs\n');
    refuses(at('out'), 'output/foreign');
  });

  it('an output directory that is a link, wherever it leads', () => {
    symlinkSync('elsewhere', at('out'));
    refuses(at('out'), 'output/foreign', true);
    rmSync(at('out'));
    symlinkSync('nowhere', at('out'));
    refuses(at('out'), 'output/foreign', true);
  });

  it.each(['a', 'a/b', 'a/b/user-data', '.toa-bake.json'])('a link at %s', (path) => {
    mkdirSync(join(at('out'), path, '..'), { recursive: true });
    symlinkSync(
      path.endsWith('a') || path.endsWith('b') ? at('elsewhere') : at('elsewhere/kept'),
      join(at('out'), path),
    );
    refuses(at('out'), 'output/foreign', true);
    expect(text('elsewhere/kept')).toBe('kept\n');
  });

  it('a directory where a file should be, and a file where a directory should be', () => {
    mkdirSync(at('out/a/b/user-data'), { recursive: true });
    refuses(at('out'), 'output/foreign', true);
    rmSync(at('out/a'), { recursive: true });
    writeFileSync(at('out/a'), '');
    refuses(at('out'), 'output/foreign', true);
  });

  it('to follow a link under the name that a file has while it is written', () => {
    mkdirSync(at('out'));
    symlinkSync(at('elsewhere/kept'), at(`out/.toa-bake.json.toa-new-${process.pid}`));
    expect(writeArtifacts(at('out'), ARTIFACTS, false).problems.map((p) => p.code)).toEqual(['output/unwritable']);
    expect(text('elsewhere/kept')).toBe('kept\n');
    expect(existsSync(at('out/a'))).toBe(false);
  });
});

describe('a single file', () => {
  it('is written once, and over another only with force', () => {
    expect(writeSingle(at('toa.yaml'), 'one\n', false)).toBeUndefined();
    expect(writeSingle(at('toa.yaml'), 'one\n', false)).toBeUndefined();
    expect(writeSingle(at('toa.yaml'), 'two\n', false)?.code).toBe('output/foreign');
    expect(writeSingle(at('toa.yaml'), 'two\n', true)).toBeUndefined();
    expect(text('toa.yaml')).toBe('two\n');
  });

  it.each(['elsewhere/kept', 'elsewhere/new'])('is never written through a link to %s', (target) => {
    symlinkSync(at(target), at('toa.yaml'));
    expect(writeSingle(at('toa.yaml'), 'one\n', true)?.code).toBe('output/foreign');
    expect(lstatSync(at('toa.yaml')).isSymbolicLink()).toBe(true);
    expect(everything()).toEqual(['elsewhere', 'elsewhere/kept', 'toa.yaml']);
  });
});
