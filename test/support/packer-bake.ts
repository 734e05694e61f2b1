/** Images built by the commands of docs/golden-image.md: Debian's packer, its qemu source, under software emulation. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { type HclValue, printAttributes } from '../../src/render/hcl.ts';
import type { Report } from '../../src/report/types.ts';
import { inRepo } from './cli.ts';
import { goldenImagePage } from './packer-page.ts';
import { EMULATED_CPU } from './qemu.ts';

/** What is to be baked. */
export interface BakeOptions {
  /** Names the logs. */
  readonly name: string;
  /** A whole disk that boots by itself. */
  readonly disk: string;
  /** Of one target. */
  readonly spec: string;
  /** Its id. */
  readonly target: string;
  /** Variables of the template besides those that the page sets. */
  readonly variables?: Readonly<Record<string, HclValue>>;
  /** What cloud-init does on the machine that is baked, besides letting Packer in: lines of #cloud-config. */
  readonly userData?: string;
}

/** What came of it. */
export interface Baked {
  readonly code: number | undefined;
  /** What Packer printed. */
  readonly text: string;
  /** A file that was brought back, or ''. */
  readonly report: (name: string) => string;
  /** The image; there only where all went well. */
  readonly image: string;
  /** The last command of the page: what the built program says of the image and of its booted copy. */
  readonly judge: () => Promise<Report>;
}

const LOGS = fileURLToPath(new URL('../../out/vm/', import.meta.url));
const BAKE_LIMIT_MS = 25 * 60_000;
const BOOT_LIMIT_MS = 10 * 60_000;

/** Runs the page's commands up to the image in a new folder, which is gone when the test has ended. */
export async function bake(options: BakeOptions): Promise<Baked> {
  const folder = mkdtempSync(join(tmpdir(), 'toa-bake-packer-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { target } = options;
  const page = goldenImagePage(target);
  const run = runnerIn(folder);
  writeFileSync(join(folder, 'toa.yaml'), options.spec);
  writeFileSync(join(folder, 'more'), `${options.userData ?? ''}\n`);
  await execa('qemu-img', ['convert', '-O', 'qcow2', options.disk, join(folder, `${target}.qcow2`)]);
  const rendered = await run(page.render);
  if (rendered.code !== 0) throw new Error(rendered.text);
  const template = join(folder, `out/${target}/packer`);
  // Built in, in this release.
  rmSync(join(template, 'plugins.pkr.hcl'));
  mkdirSync(LOGS, { recursive: true });
  const log = join(LOGS, `packer-${options.name}-${new Date().toISOString().replaceAll(':', '')}`);
  writeFileSync(join(template, 'test.auto.pkrvars.hcl'), printAttributes(Object.entries(variables(options, log))));
  const build = page.build.replace(/^packer build/m, 'cat more >>seed/user-data\n$&');
  const { code, text } = await run(build, BAKE_LIMIT_MS);
  writeFileSync(`${log}.log`, text);
  return {
    code,
    text,
    report: (name) =>
      existsSync(join(folder, 'report', name)) ? readFileSync(join(folder, 'report', name), 'utf8') : '',
    image: join(folder, `output/toa-${target}.qcow2`),
    judge: async () => JSON.parse((await run(`${page.judge} --format json`, BOOT_LIMIT_MS)).stdout),
  };
}

/** The machine as a test machine is: see qemu.ts. */
function variables({ variables: more }: BakeOptions, log: string): Readonly<Record<string, HclValue>> {
  const qemu = [
    ['-cpu', EMULATED_CPU],
    ['-serial', `file:${log}.console.log`],
  ];
  return { qemu_accelerator: 'tcg', qemu_arguments: qemu, ...more };
}

/** What commands said, and how they ended. */
interface Ended {
  readonly code: number | undefined;
  readonly stdout: string;
  /** Standard output and error. */
  readonly text: string;
}

/** Runs commands of the page in a folder, as a user does who has both programs. */
function runnerIn(folder: string): (script: string, limitMs?: number) => Promise<Ended> {
  mkdirSync(join(folder, 'bin'));
  symlinkSync(inRepo('dist/toa-bake.js'), join(folder, 'bin/toa-bake'));
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    HOME: folder,
    // Packer copies the source there.
    PACKER_CACHE_DIR: join(folder, 'cache'),
    CHECKPOINT_DISABLE: '1',
    PACKER_NO_COLOR: '1',
    NO_COLOR: '1',
  };
  return async (script, limitMs = 60_000) => {
    const options = { cwd: folder, all: true, reject: false, timeout: limitMs, env } as const;
    const { exitCode, stdout, all } = await execa('sh', ['-ec', script], options);
    return { code: exitCode, stdout, text: all };
  };
}

/** What the built program says of an image. */
export async function judge(image: string): Promise<Report> {
  const argv = [inRepo('dist/toa-bake.js'), 'validate', image, '--format', 'json'];
  return JSON.parse((await execa('node', argv, { reject: false })).stdout);
}

/** Codes of the findings that do not hold, as `fails warning image/history`. */
export function troubles({ images }: Report): readonly string[] {
  const findings = images.flatMap((image) => image.findings);
  return findings
    .filter(({ status }) => status === 'fails' || status === 'unknown')
    .map(({ code, severity, status }) => `${status} ${severity} ${code}`);
}
