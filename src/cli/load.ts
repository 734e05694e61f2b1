import { readFileSync } from 'node:fs';
import { resolve } from '../plan/resolve.ts';
import type { Plan } from '../plan/types.ts';
import { parseSpec } from '../spec/parse.ts';
import type { Problem } from '../spec/types.ts';

/** A spec file, read and resolved: its plans, and everything wrong or odd with it, with line and column. */
export interface Loaded {
  readonly plans: readonly Plan[];
  readonly problems: readonly Problem[];
}

export function loadPlans(file: string): Loaded {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    const message = `cannot read the spec ${JSON.stringify(file)}: ${why}`;
    return {
      plans: [],
      problems: [
        { code: 'spec/not-found', severity: 'error', path: [], message, hint: '`toa-bake init` writes a first one' },
      ],
    };
  }
  const parsed = parseSpec(text);
  const resolved = resolve(parsed.spec);
  const found = [...resolved.problems, ...resolved.plans.flatMap((plan) => plan.warnings)].map(parsed.locate);
  return { plans: resolved.plans, problems: [...parsed.problems, ...found.filter(isFirst)] };
}

/** A setting at the top is inherited by every target; what is odd about it is said once. */
function isFirst(problem: Problem, i: number, all: readonly Problem[]): boolean {
  return all.findIndex((p) => p.message === problem.message && p.line === problem.line) === i;
}
