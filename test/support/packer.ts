/** Rendered Packer templates on disk, and the real program's word on them. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { packaged } from '../../src/packaged.ts';
import { resolve } from '../../src/plan/resolve.ts';
import type { Plan } from '../../src/plan/types.ts';
import { renderPacker } from '../../src/render/packer.ts';
import { renderPayload } from '../../src/render/payload.ts';
import type { Artifact, Local } from '../../src/render/types.ts';
import { parseSpec } from '../../src/spec/parse.ts';

/** The plans of a spec that has no fault. */
export function plansOf(spec: string): readonly Plan[] {
  const parsed = parseSpec(spec);
  const { plans, problems } = resolve(parsed.spec);
  const errors = [...parsed.problems, ...problems].filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return plans;
}

/** What is rendered for a plan, by path below its folder packer/. */
export function packerFiles(plan: Plan, local?: Local): ReadonlyMap<string, Artifact> {
  const artifacts = renderPacker(plan, renderPayload(plan, packaged.guest), packaged.template, local);
  return new Map(artifacts.map((artifact) => [artifact.path.slice(`${plan.id}/packer/`.length), artifact]));
}

/** Writes the rendered files below a folder. */
export function layOut(folder: string, files: ReadonlyMap<string, Artifact>): void {
  for (const [path, { content, mode }] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, { mode });
  }
}

/** What the program said, and how it ended. */
export interface Said {
  readonly code: number | undefined;
  readonly text: string;
}

/** Runs a program in a folder, with accounts' keys that are none; Packer neither looks for updates nor finds a user's settings. */
export async function runIn(folder: string, program: string, args: readonly string[]): Promise<Said> {
  const { exitCode, all } = await execa(program, args, {
    cwd: folder,
    all: true,
    reject: false,
    timeout: 60_000,
    env: {
      ALICLOUD_ACCESS_KEY: 'dummy',
      ALICLOUD_SECRET_KEY: 'dummy',
      AWS_ACCESS_KEY_ID: 'dummy',
      AWS_SECRET_ACCESS_KEY: 'dummy',
      CHECKPOINT_DISABLE: '1',
      HOME: folder,
      PACKER_NO_COLOR: '1',
    },
  });
  return { code: exitCode, text: all };
}

/** Runs Debian's packer in a folder. */
export const packer = (folder: string, args: readonly string[]): Promise<Said> => runIn(folder, 'packer', args);

/** Values with which each variable that has no default of use is one that Packer takes. */
export const DUMMIES: Readonly<Record<string, string>> = {
  alicloud_region: 'cn-hangzhou',
  alicloud_source_image: 'debian_12_5_x64_20G_alibase.vhd',
  alicloud_instance_type: 'ecs.c6.large',
  amazon_region: 'eu-central-1',
  amazon_source_ami: 'ami-0123456789abcdef0',
  amazon_instance_type: 't3.small',
  qemu_source_image: 'debian-12.qcow2',
  qemu_source_checksum: `sha256:${'0'.repeat(64)}`,
  ssh_host: '192.0.2.1',
  ssh_password: 'dummy',
};
