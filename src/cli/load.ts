import { readFileSync } from 'node:fs';
import { resolve } from '../plan/resolve.ts';
import type { Plan } from '../plan/types.ts';
import { parseSpec } from '../spec/parse.ts';
import { decodeText } from '../spec/text.ts';
import type { Problem } from '../spec/types.ts';

/** A spec file, read and resolved: its plans, and everything wrong or odd with it, with line and column. */
export interface Loaded {
  readonly plans: readonly Plan[];
  readonly problems: readonly Problem[];
  /** Gives a problem found later its line and column. */
  readonly locate: (problem: Problem) => Problem;
}

export function loadPlans(file: string): Loaded {
  const bytes = readSpec(file);
  if ('problem' in bytes) return nothing(bytes.problem);
  const decoded = decodeText(bytes);
  if ('problem' in decoded) return nothing(decoded.problem);
  const parsed = parseSpec(decoded.text);
  const resolved = resolve(parsed.spec);
  const found = [...resolved.problems, ...resolved.plans.flatMap((plan) => plan.warnings)].map(parsed.locate);
  return { plans: resolved.plans, problems: [...parsed.problems, ...once(found)], locate: parsed.locate };
}

function nothing(problem: Problem): Loaded {
  return { plans: [], problems: [problem], locate: (later) => later };
}

function readSpec(file: string): Buffer | { readonly problem: Problem } {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return {
      problem: {
        code: 'spec/not-found',
        severity: 'error',
        path: [],
        message: `cannot read the spec ${JSON.stringify(file)}: ${WHY[code ?? ''] ?? message}; expected a YAML file`,
        hint: '`toa-bake init` writes a first one, toa.yaml; a spec of another name follows the command: toa-bake plan FILE',
      },
    };
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'no permission',
};

/** A setting at the top is inherited by every target; what is odd about it is said once. */
function once(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((p) => [`${p.line} ${p.message}`, p])).values()];
}
