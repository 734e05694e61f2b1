/** `toa-bake validate` in this process, as a pipeline would read it. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { runCli } from '../support/cli.ts';

export interface Verdict {
  readonly code: number;
  readonly outcome: string;
  /** What does not hold: severity or `unknown`, and code; each once. */
  readonly faults: readonly string[];
  /** Why not, all of it. */
  readonly messages: string;
  readonly text: string;
}

/** Of one image, by a spec's text or, for null, by its own receipt; `folder` is for the spec. */
export async function judged(folder: string, what: string, spec: string | null): Promise<Verdict> {
  writeFileSync(join(folder, 'toa.yaml'), spec ?? '');
  const by = spec === null ? [] : ['--spec', 'toa.yaml'];
  const run = await runCli(folder, ['validate', what, '--format', 'json', ...by]);
  const { outcome, images }: Report = JSON.parse(run.stdout);
  const wrong = images
    .flatMap(({ findings }) => findings)
    .filter(({ status }) => status === 'fails' || status === 'unknown');
  const faults = wrong.map(({ status, severity, code }) => `${status === 'fails' ? severity : status} ${code}`);
  return {
    code: run.code,
    outcome,
    faults: [...new Set(faults)].sort(),
    messages: wrong.map(({ message }) => message).join('\n'),
    text: run.stdout,
  };
}

/** Memory may not grow by more than 300 MB, and no round may take longer than a machine that is busy explains. */
export function startLimits(): { readonly check: () => void } {
  const { rss } = process.memoryUsage();
  let last = performance.now();
  return {
    check: () => {
      const now = performance.now();
      expect(now - last).toBeLessThan(20_000);
      expect(process.memoryUsage().rss - rss).toBeLessThan(300e6);
      last = now;
    },
  };
}
