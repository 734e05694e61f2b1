/** docs/performance.json, what `npm run bench` measured: it must have everything that the page is about. No figure is judged here. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
// @ts-expect-error a script has no types
import { BUDGETS, verdict } from '../../scripts/bench/budgets.mjs';
import { METHODS } from '../../src/catalog/methods.ts';
import { inRepo } from '../support/cli.ts';

const data = JSON.parse(readFileSync(inRepo('docs/performance.json'), 'utf8'));
const page = readFileSync(inRepo('docs/performance.md'), 'utf8');

describe('docs/performance', () => {
  it('has the user-data of every method', () => {
    expect(Object.keys(data.userData.figures).sort()).toEqual(METHODS.map(({ id }) => id).sort());
  });

  it('has no reader, our module and our programs in one machine, each with the same figures, of the compiled programs', () => {
    for (const { instructions } of data.readers.figures) {
      expect(instructions.machine.jit).toBe(1);
      const names = Object.keys(instructions.none).sort();
      for (const state of ['module', 'module-many', 'module-after', 'ebpf', 'ebpf-many', 'ebpf-after'])
        expect([state, Object.keys(instructions[state]).sort()]).toEqual([state, names]);
    }
  });

  it('has a figure for every budget, and says of each whether it holds', () => {
    for (const budget of BUDGETS) {
      expect([budget.what, verdict(budget, budget.of(data))]).toEqual([budget.what, expect.any(Boolean)]);
      expect(page).toContain(`| ${budget.what} |`);
    }
  });

  it('shows every process, with its figures or why there are none', () => {
    for (const [name, figures] of Object.entries(data.program.figures.processes)) {
      expect(page).toContain(`| \`${name}\` |`);
      expect(figures).toSatisfy((one: { failed?: string; cpu?: number }) => Boolean(one.failed) !== Boolean(one.cpu));
    }
  });

  it('tells a missed budget from one that holds', () => {
    const verdicts = [
      verdict({ most: 2 }, 3),
      verdict({ most: 2 }, 2),
      verdict({ least: 2 }, 1),
      verdict({ most: 2 }, undefined),
    ];
    expect(verdicts).toEqual([false, true, false, undefined]);
  });
});
