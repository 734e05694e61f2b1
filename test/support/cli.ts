import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { main } from '../../src/cli/main.ts';

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
