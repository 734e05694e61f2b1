import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { main } from '../../src/cli/main.ts';

/** Path of a file of the checkout. */
export const inRepo = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** What a run of the program left behind for its caller. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program as a shell in `folder` would, without a process of its own. */
export async function runCli(folder: string, args: readonly string[]): Promise<Run> {
  const before = process.cwd();
  let stdout = '';
  let stderr = '';
  process.chdir(folder);
  try {
    const code = await main(args, {
      out: (text) => {
        stdout += text;
      },
      err: (text) => {
        stderr += text;
      },
      colour: false,
    });
    return { code, stdout, stderr };
  } finally {
    process.chdir(before);
  }
}

/** Runs the program as users have it, built and in a process of its own. */
export async function runBuilt(folder: string, args: readonly string[]): Promise<Run> {
  const { exitCode, stdout, stderr } = await execa('node', [inRepo('dist/toa-bake.js'), ...args], {
    cwd: folder,
    reject: false,
    env: { NO_COLOR: '1' },
    stripFinalNewline: false,
  });
  return { code: exitCode ?? -1, stdout, stderr };
}

/** The user-data that the built program writes for the target `id` of a spec. */
export async function userDataOf(spec: string, id: string): Promise<string> {
  return (await rendered(spec, `${id}/cloud-init/user-data`)).toString();
}

/** One file of what the built program renders. */
export async function rendered(spec: string, path: string): Promise<Buffer> {
  return await inFolder({ 'toa.yaml': spec }, async (folder) => {
    const { code, stderr } = await runBuilt(folder, ['render', '-o', 'out']);
    if (code !== 0) throw new Error(`render: exit code ${code}\n${stderr}`);
    return readFileSync(join(folder, 'out', path));
  });
}

/** Files to lay out, by path: their content, a link's target, or an executable's text. */
export type Layout = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

/** Calls `use` with a new folder that holds the files, and takes the folder away again. */
export async function inFolder<T>(files: Layout, use: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-'));
  chmodSync(folder, 0o755);
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      if (typeof content === 'object' && 'link' in content) symlinkSync(content.link, join(folder, path));
      else writeFileSync(join(folder, path), content);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
