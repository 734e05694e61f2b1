import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import { CODES } from '../../src/report/codes.ts';
import { inFolder, runCli } from '../support/cli.ts';
import { CASES, type Case } from './cases.ts';

/** UPDATE_GOLDEN=1 writes the transcripts anew: read the difference before you commit it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';
const FOLDER = new URL('./', import.meta.url).pathname;
const goldens = (): readonly string[] => readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

if (UPDATE) for (const name of goldens()) rmSync(join(FOLDER, name));

describe('transcripts', () => {
  it.each(CASES.map((c) => [c.name, c] as const))('%s', async (_, session) => {
    const { name, text } = await transcribe(session);
    const path = join(FOLDER, name);
    if (UPDATE) writeFileSync(path, text);
    expect(existsSync(path) ? readFileSync(path, 'utf8') : `there is no ${name}`).toBe(text);
  });

  it('there is no other', () => {
    const known = goldens().map((file) => file.replace(/\.\d+\.txt$/, ''));
    expect(known.sort()).toEqual(CASES.map((c) => c.name).sort());
  });

  it('raise every code there is but those of checks, whose cases are in test/unit/mutations.ts', () => {
    const text = goldens().map((name) => readFileSync(join(FOLDER, name), 'utf8'));
    const raised = text.join('').matchAll(/^.*(?:error|warning|unknown): .* \[([a-z-]+\/[a-z0-9-]+)\]$/gm);
    const codes = new Set([...raised].map((match) => match[1]));
    const checked = CHECKS.map(({ code }) => code as string);
    expect(Object.keys(CODES).filter((code) => !checked.includes(code) && !codes.has(code))).toEqual([]);
    expect([...codes].filter((code) => !Object.hasOwn(CODES, code ?? ''))).toEqual([]);
  });
});

async function transcribe({ name, spec, files, run }: Case): Promise<{ readonly name: string; readonly text: string }> {
  return inFolder({ ...files, ...(spec !== undefined && { 'toa.yaml': spec }) }, async (folder) => {
    let text = '';
    let last = 0;
    for (const args of run) {
      if (args[0] === '!edit') {
        appendFileSync(join(folder, args[1] ?? ''), '# edited\n');
        text += `$ echo '# edited' >>${args[1]}\n\n`;
        continue;
      }
      const { code, stdout, stderr } = await runCli(folder, args);
      text += `$ toa-bake ${args.map(quoted).join(' ')}\nexit ${code}\n${section('stdout', stdout)}${section('stderr', stderr)}\n`;
      last = code;
    }
    return { name: `${name}.${last}.txt`, text: masked(text).replaceAll(folder, 'FOLDER') };
  });
}

function section(name: string, text: string): string {
  return text === '' ? '' : `--- ${name}\n${text}`;
}

function quoted(argument: string): string {
  return /^[\w./:-]+$/.test(argument) ? argument : JSON.stringify(argument);
}

/** Sizes change with every change of the guest's files; what a transcript shows is that they are said. */
function masked(text: string): string {
  return text
    .replace(/ +[\d,]+ bytes/g, ' N bytes')
    .replace(/\([\d,]+ in base64\)/g, '(N in base64)')
    .replace(/(as gzip it has )[\d,]+/g, '$1N')
    .replace(/(^serve: .*, sha256 |install-toa.sh of .* has )[0-9a-f]{64}/gm, '$1HASH')
    .replace(/(Biggest parts before compression: ).*(?= \[size)/g, '$1...');
}
