/** The pages of docs/ as a reader would follow them: their commands, and stand-ins for what a test machine cannot have. */

import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { inRepo, type Run } from './cli.ts';
import type { FakeMachine } from './fakeroot.ts';

/** A command of a page: typed at one's desk after `$`, or as root on the server after `#`; and what the page shows of its answer. */
export interface Command {
  readonly where: 'desk' | 'server';
  readonly text: string;
  readonly answer: readonly string[];
}

/** The fenced blocks of a language. */
export function blocks(page: string, language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

export function commandsOf(page: string): readonly Command[] {
  const prompts = blocks(page, 'console').flatMap((block) => block.split(/^(?=[$#] )/m));
  return prompts.map((prompt) => {
    const [first = '', ...answer] = prompt.trimEnd().split('\n');
    return { where: first.startsWith('$ ') ? 'desk' : 'server', text: first.slice(2), answer };
  });
}

/** Whether the answer has the lines that the page shows; `…` stands for any words. */
export function shows(answer: readonly string[], said: string): boolean {
  const lines = said.split('\n');
  return answer.every((line) => {
    const pattern = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return lines.some((candidate) => new RegExp(`^${pattern.join('.*')}$`).test(candidate));
  });
}

/** toa-bake as it is built, and a stand-in for a program that talks to others: it notes its words, one a line, and succeeds. */
export const STAND_INS: Readonly<Record<string, string>> = {
  'bin/toa-bake': `#!/bin/sh\nexec node '${inRepo('dist/toa-bake.js')}' "$@"\n`,
  'bin/npx': '#!/bin/sh\nexec "$@"\n',
  'bin/aliyun': '#!/bin/sh\nprintf "%s\\n" "$@" >words\n',
  'bin/scp': '#!/bin/sh\nprintf "%s\\n" "$@" >words\n',
};

/** Runs a command at the desk: a folder that holds the stand-ins. */
export async function atDesk(folder: string, text: string): Promise<Run> {
  for (const name of Object.keys(STAND_INS)) chmodSync(join(folder, name), 0o755);
  const plain = { NO_COLOR: '1', TF_CLI_ARGS: '-no-color', TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1' };
  const env = { PATH: `${folder}/bin:${process.env.PATH}`, ...plain };
  const { exitCode, stdout, stderr } = await execa('bash', ['-c', text], { cwd: folder, env, reject: false });
  return { code: exitCode ?? -1, stdout, stderr };
}

/** Runs a command on the server: toa-setup in its fake root, anything else with the paths below that root. */
export async function onServer(machine: FakeMachine, desk: string, text: string): Promise<Run> {
  const [program, ...words] = text.split(' ');
  if (program === 'toa-setup') return await machine.setup(...words);
  if (text.startsWith('sh install-toa.sh')) {
    const copied = readFileSync(join(desk, 'out/debian-12/script/install-toa.sh'), 'utf8');
    return await machine.install(copied, words.slice(1));
  }
  const below = text.replaceAll(' /', ` ${machine.root}/`);
  const { exitCode, stdout, stderr } = await execa('sh', ['-c', below], { reject: false });
  return { code: exitCode ?? -1, stdout, stderr };
}
