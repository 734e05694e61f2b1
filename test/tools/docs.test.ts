/** Each command in a `console` block of the README and of a page of docs/ is run, in the page's order, and answers what the page shows. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { resolve } from '../../src/plan/resolve.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { inRepo } from '../support/cli.ts';
import { atDesk, blocks, type Command, commandsOf, onServer, STAND_INS, shows } from '../support/docs.ts';
import { FakeMachine } from '../support/fakeroot.ts';
import { terraformIsHere } from '../support/terraform.ts';

/** Made by scripts, which have a test of their own. */
const GENERATED = ['codes.md', 'performance.md', 'reliability.md'];
const pages = readdirSync(inRepo('docs'))
  .filter((name) => name.endsWith('.md') && !GENERATED.includes(name))
  .map((name) => `docs/${name}`)
  .concat('README.md')
  .map((name) => ({ name, text: readFileSync(inRepo(name), 'utf8') }));

/** Commands that need a real machine: the test that runs them on one, and its words. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, words: string]>> = {
  'toa-bake validate ssh://root@origin --probe': ['test/vm/validate.test.ts', "validate('ssh://toa-test', ['--probe']"],
  'npx toa-bake validate golden.qcow2': ['test/vm/packer.test.ts', "expect(report.outcome).toBe('holds')"],
  'cloud-init status --long': ['test/support/machine.ts', 'cloud-init status --long'],
  'cat /proc/net/toa_stats': ['test/support/readers/module.sh', '/proc/net/toa_$1'],
};

/** What the API knows of each action that the pages use, besides RegionId. */
const API: Readonly<Record<string, readonly string[]>> = {
  'ecs RunInstances': ['ImageId', 'InstanceType', 'SecurityGroupId', 'VSwitchId', 'UserData'],
  'ecs CreateLaunchTemplate': ['LaunchTemplateName', 'ImageId', 'InstanceType', 'SecurityGroupId', 'UserData'],
  'ecs CreateLaunchTemplateVersion': ['LaunchTemplateName', 'ImageId', 'InstanceType', 'SecurityGroupId', 'UserData'],
  'ecs ModifyLaunchTemplateDefaultVersion': ['LaunchTemplateName', 'DefaultVersionNumber'],
  'ddoscoo DescribeBackSourceCidr': [],
};

describe.each(pages)('$name', ({ name: path, text: page }) => {
  const desk = mkdtempSync(join(tmpdir(), 'toa-bake-desk-'));
  const server = new FakeMachine('dash');
  afterAll(() => {
    rmSync(desk, { recursive: true });
    server.remove();
  });
  for (const [path, content] of Object.entries(STAND_INS)) {
    mkdirSync(dirname(join(desk, path)), { recursive: true });
    writeFileSync(join(desk, path), content);
  }

  for (const command of commandsOf(page)) {
    const [file, words] = ELSEWHERE[command.text] ?? [];
    const name = command.text.slice(0, 100);
    if (file !== undefined && words !== undefined) {
      it(`${name}: run by ${file}`, () => expect(readFileSync(inRepo(file), 'utf8')).toContain(words));
    } else if (command.text.startsWith('terraform ') && !terraformIsHere) {
      it.skip(`${name}: terraform is not on this machine`);
    } else {
      it(name, async () => await follow(desk, server, command));
    }
  }

  it('has specs that fit', () => {
    for (const spec of blocks(page, 'yaml').filter((text) => text.startsWith('version: '))) {
      const { spec: parsed, problems } = parseSpec(spec);
      const resolved = resolve(parsed);
      expect([...problems, ...resolved.problems].filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(resolved.plans).not.toEqual([]);
    }
  });

  it('links to files that are there', () => {
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(join(dirname(inRepo(path)), link)))).toEqual([]);
  });
});

/** Runs a command, and holds its answer and, of a stand-in, its words against the page. */
async function follow(desk: string, server: FakeMachine, { where, text, answer }: Command): Promise<void> {
  const { code, stdout, stderr } = where === 'desk' ? await atDesk(desk, text) : await onServer(server, desk, text);
  expect(code, stderr).toBe(0);
  expect(shows(answer, `${stdout}\n${stderr}`), `${stdout}${stderr}`).toBe(true);
  const words = join(desk, 'words');
  if (!existsSync(words)) return;
  const said = readFileSync(words, 'utf8').split('\n').slice(0, -1);
  rmSync(words);
  if (text.startsWith('scp ')) judgeCopy(desk, said);
  else await judgeCall(desk, server, said);
}

/** The file is there, and goes to root's home on the server. */
function judgeCopy(desk: string, words: readonly string[]): void {
  const [from = '', to = ''] = words;
  expect([existsSync(join(desk, from)), words.length]).toEqual([true, 2]);
  expect(to).toMatch(/^root@\w+:$/);
}

/** The API knows the action and wants these parameters; the user-data is the file, and does its work on an instance that starts. */
async function judgeCall(desk: string, server: FakeMachine, words: readonly string[]): Promise<void> {
  const [product, action, ...rest] = words;
  const given = Object.fromEntries(rest.flatMap((word, at) => (at % 2 === 0 ? [[word, rest[at + 1]]] : [])));
  const known = API[`${product} ${action}`] ?? [`an action ${action} of ${product}`];
  expect(Object.keys(given).sort()).toEqual(['RegionId', ...known].map((name) => `--${name}`).sort());
  if (given['--UserData'] === undefined) return;
  const userData = readFileSync(join(desk, 'out/debian-12/cloud-init/user-data'));
  expect(given['--UserData']).toBe(userData.toString('base64'));
  if (action === 'RunInstances') await startInstance(server, userData.toString());
}

/** What cloud-init would do: write the script, run it. */
async function startInstance(server: FakeMachine, userData: string): Promise<void> {
  const { write_files, runcmd } = parse(userData, { version: '1.1' });
  const script = gunzipSync(Buffer.from(write_files[0].content, 'base64')).toString();
  expect(await server.install(script, runcmd[0].slice(2))).toMatchObject({ code: 0 });
}

describe('the pages', () => {
  const commands = pages.flatMap(({ text }) => commandsOf(text).map((command) => command.text));

  it('are there', () => {
    expect(pages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['README.md', 'docs/ecs-launch.md', 'docs/idc-server.md', 'docs/terraform.md']),
    );
    expect(commands.length).toBeGreaterThan(20);
  });

  it('have no command in a form that nobody runs', () => {
    const shell = pages.filter(({ text }) => blocks(text, '(?:sh|bash|shell)').length > 0);
    // The tests of Packer run that page.
    expect(shell.map(({ name }) => name)).toEqual(['docs/golden-image.md']);
  });

  it('have each command that is run elsewhere', () => {
    expect(Object.keys(ELSEWHERE).filter((text) => !commands.includes(text))).toEqual([]);
  });

  it('are judged by something that can fail', async () => {
    expect(shows(['toa-setup: … changed.'], 'toa-setup: nothing was changed.')).toBe(true);
    expect(shows(['toa.yaml'], 'toa-yaml')).toBe(false);
    const wrong = ['ecs', 'RunInstances', '--UserDta', 'x'];
    await expect(judgeCall('/', new FakeMachine('dash'), wrong)).rejects.toThrow('--UserDta');
  });
});
