// The page's table of budgets.

import { BUDGETS, verdict } from './budgets.mjs';
import { count, table } from './markdown.mjs';

export function printBudgets(data) {
  const rows = BUDGETS.map((budget) => {
    const value = budget.of(data);
    const limit = budget.most === undefined ? `at least ${count(budget.least)}` : `at most ${count(budget.most)}`;
    return [budget.what, limit, value === undefined ? 'not measured' : shown(value), WORDS[verdict(budget, value)]];
  });
  return `${table(['', 'budget', 'measured', ''], rows)}

Missed, and what there is instead:

- User-data carries the module's source, the scripts and the probe, and was 12 KB never. What was tried: comments, indentation and
  spaces stay at home, one file in place of twelve, parts travel only where the plan needs them; xz would save 5 %, a better gzip 3 % (it is
  used where a cloud takes compressed user-data), shorter names 1 %. \`payload: {url}\` is the way to small user-data.
- The module reads the packet of each handshake and asks the trust list: a few hundred instructions of more than fifty thousand. What is
  over the budget is less than three thousandths of a connection, and of a getpeername less than five.
- Where \`render\` bends (one more of many targets), look twice: on a busy host the CPU time of the very same call differs twofold from round to
  round, and more so the longer it runs. Measure \`scale\` again on a quiet one before a cause is looked for.`;
}

const WORDS = { true: 'holds', false: '**missed**', undefined: '' };

const shown = (value) =>
  value >= 100 ? count(Math.round(value)) : String(Number(value.toPrecision(value < 2 ? 4 : 3)));
