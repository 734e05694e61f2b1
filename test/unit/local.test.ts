/** Files that the spec names by path: what is read, under which name it travels, and where it goes. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLocal } from '../../src/cli/local.ts';
import { packaged } from '../../src/packaged.ts';
import { resolve } from '../../src/plan/resolve.ts';
import type { Plan } from '../../src/plan/types.ts';
import { type Kind, render } from '../../src/render/index.ts';
import { placeBeside } from '../../src/render/local.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { inFolder } from '../support/cli.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A plan with modules by these paths, of these contents, one a kernel. */
function planOf(...files: readonly (readonly [path: string, content: string])[]): Plan {
  const entries = files.map(([path, content], i) => ({
    path,
    sha256: sha256(content),
    role: 'module',
    release: `6.${i}`,
  }));
  const spec = { version: 1, trust: 'any', method: 'prebuilt', targets: [{ os: 'debian-12', files: entries }] };
  const [plan] = resolve(parseSpec(JSON.stringify(spec)).spec).plans;
  if (!plan) throw new Error('no plan');
  return plan;
}

describe('what is read', () => {
  const read = (folder: string, plan: Plan) => {
    const { local, problems } = readLocal([plan], folder);
    return { read: [...local.keys()], problems: problems.map(({ code, message }) => `${code} ${message}`) };
  };

  it('is a file, from the folder of the spec or by its whole path, through a link or not', async () => {
    await inFolder({ 'specs/x': '', 'a.ko': 'a', 'b.ko': 'b', 'c.ko': { link: 'b.ko' } }, (folder) => {
      const plan = planOf(['../a.ko', 'a'], [join(folder, 'b.ko'), 'b'], ['../c.ko', 'b']);
      expect(read(join(folder, 'specs'), plan)).toEqual({ read: [sha256('a'), sha256('b')], problems: [] });
    });
  });

  it('is nothing that never ends, or that no machine would take', async () => {
    await inFolder({}, (folder) => {
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      writeFileSync(join(folder, 'large'), '');
      truncateSync(join(folder, 'large'), 256 * 1024 * 1024 + 1);
      expect(read(folder, planOf(['pipe', 'a'], ['large', 'b'], ['/dev/zero', 'c']))).toEqual({
        read: [],
        problems: [
          'file/unreadable files[0].path is "pipe": it is no file, but a pipe, a socket or a device; expected a file to take along',
          'file/unreadable files[1].path is "large": it has 268,435,457 bytes of at most 268,435,456; expected a file to take along',
          'file/unreadable files[2].path is "/dev/zero": it is no file, but a pipe, a socket or a device; expected a file to take along',
        ],
      });
    });
  });

  it('is judged for each path, be another of the same content there', async () => {
    await inFolder({ 'a.ko': 'a', 'b.ko': 'b' }, (folder) => {
      const { problems } = read(folder, planOf(['a.ko', 'a'], ['none.ko', 'a'], ['b.ko', 'a']));
      expect(problems.map((text) => text.split(' ')[0])).toEqual(['file/unreadable', 'file/sha256']);
    });
  });
});

describe('the name under which a file travels', () => {
  const nameOf = (path: string, content: string): string =>
    placeBeside({ path, sha256: sha256(content), role: 'module', at: [] });

  it('is one that every machine and shell takes', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string(), (path, content) => {
        expect(nameOf(path, content)).toMatch(/^toa-files\/[0-9a-f]{12}-[A-Za-z0-9._+-]{0,80}$/);
      }),
    );
  });

  it('says what it is, and is not shared by files of one name', () => {
    expect(nameOf('../vendor/toa.tar.gz', 'a')).toBe(`toa-files/${sha256('a').slice(0, 12)}-toa.tar.gz`);
    expect(nameOf('a/toa.ko', 'a')).not.toBe(nameOf('b/toa.ko', 'b'));
  });
});

describe('where it goes', () => {
  const plan = planOf(['a/toa.ko', 'a'], ['b/toa.ko', 'b'], ['c/toa.ko', 'a']);
  const local = new Map(['a', 'b'].map((text) => [sha256(text), Buffer.from(text)]));
  const paths = (kinds?: readonly Kind[]) =>
    render(plan, { ...packaged, local }, kinds).artifacts.flatMap(({ path, content }) =>
      path.includes('toa-files/') ? [`${path.replace(/[0-9a-f]{12}/, '')} ${content}`] : [],
    );

  it('is beside the script and into the Packer template, and /etc/toa/files says so', () => {
    const two = (folder: string) => ['a', 'b'].map((text) => `debian-12/${folder}/toa-files/-toa.ko ${text}`);
    expect(paths()).toEqual([...two('packer/files'), ...two('script')]);
    const { script } = render(plan, packaged, []).payload;
    for (const [i, text] of ['a', 'b', 'a'].entries()) {
      const place = `toa-files/${sha256(text).slice(0, 12)}-toa.ko`;
      expect(script).toContain(`\nmodule 6.${i} ${sha256(text)} ${place}\n`);
    }
  });

  it('is not user-data: a warning beside other kinds, an error where it is all that is asked for', () => {
    const said = (kinds?: readonly Kind[]) =>
      render(plan, { ...packaged, local }, kinds).problems.map(({ code, severity }) => `${code} ${severity}`);
    expect(said()).toEqual(['file/user-data warning']);
    expect(said(['cloud-init'])).toEqual(['file/user-data error']);
    expect(said(['terraform'])).toEqual(['file/user-data error']);
    expect([said(['script']), said(['packer'])]).toEqual([[], []]);
    const all = render(plan, { ...packaged, local }).artifacts.map(({ path }) => path.split('/')[1]);
    expect([...new Set(all)]).toEqual(['packer', 'script']);
  });

  it('is an error of the caller where nobody has read it', () => {
    expect(() => render(plan, packaged, ['script'])).toThrow('nobody has read');
  });
});
