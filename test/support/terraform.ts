/** A rendered instance of the Terraform module, and Terraform itself where the machine has it. */

import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { packaged } from '../../src/packaged.ts';
import { resolve } from '../../src/plan/resolve.ts';
import { renderUserData } from '../../src/render/cloud-init.ts';
import { renderPayload } from '../../src/render/payload.ts';
import { renderTerraform } from '../../src/render/terraform.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { Layout, Run } from './cli.ts';

/** What stands in a spec beside trust and target; and user-data to carry in place of the plan's own. */
export interface Wish {
  readonly clouds?: readonly string[];
  readonly more?: string;
  readonly userData?: string;
  readonly gzip?: boolean;
}

/** The files of the module for debian-12, by path below its folder; the text ones as text. */
export function moduleFiles({ clouds = ['alibaba-ecs'], more = '', userData, gzip = false }: Wish = {}): Layout {
  const text = `version: 1\ntrust: [198.18.7.0/24]\nclouds: [${clouds.join(', ')}]\ntargets: [debian-12]\n${more}`;
  const { plans, problems } = resolve(parseSpec(text).spec);
  const [plan] = plans;
  if (!plan) throw new Error(JSON.stringify(problems));
  const payload = renderPayload(plan, packaged.guest);
  const carried = userData ?? renderUserData(plan, payload);
  const compressed = gzip ? new Uint8Array(gzipSync(carried)) : undefined;
  const artifacts = renderTerraform(plan, payload, carried, packaged.template, compressed);
  return Object.fromEntries(artifacts.map(({ path, content }) => [path.slice('debian-12/terraform/'.length), content]));
}

/** Runs Terraform in a folder, with nobody's settings and no look for news. */
export function terraform(folder: string, args: readonly string[]): Run {
  const { status, stdout, stderr } = spawnSync('terraform', args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
  });
  return { code: status ?? -1, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/** It is in no registry that the tests may use: where it is missing, the tests that run it are skipped by name. */
export const terraformIsHere = terraform('/', ['version']).code === 0;
