/** The table of faults and outcomes that a test file prints when it ends: what was seen, not what was expected. */

import { afterAll } from 'vitest';

const seen = new Map<string, Set<string>>();

/** Notes what came of a fault; the same outcome of another shell is not said twice. */
export function noteOutcome(fault: string, outcome: string): void {
  seen.set(fault, (seen.get(fault) ?? new Set()).add(outcome));
}

afterAll(() => {
  const width = Math.max(0, ...[...seen.keys()].map((fault) => fault.length));
  const lines = [...seen].map(([fault, outcomes]) => `${fault.padEnd(width)}  ${[...outcomes].join('; ')}\n`);
  process.stdout.write(`\n${lines.join('')}`);
});
