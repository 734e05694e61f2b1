import type { Plan } from '../plan/types.ts';
import { printTable } from '../report/table.ts';
import type { Problem } from '../spec/types.ts';
import { EXIT, type Io, report } from './io.ts';
import { loadPlans } from './load.ts';

/** `toa-bake plan`: what will be done on each target, and why; renders nothing. */
export function planCommand(io: Io, spec: string, options: { readonly json?: boolean }): number {
  const { plans, problems } = loadPlans(spec);
  const failed = problems.some((p) => p.severity === 'error');
  if (options.json) io.out(printJson(plans, problems));
  else {
    report(io, problems, spec);
    if (!failed) io.out(plans.map(printPlan).join('\n'));
  }
  return failed ? EXIT.failed : EXIT.ok;
}

/** One document, on failure too. */
function printJson(plans: readonly Plan[], problems: readonly Problem[]): string {
  return `${JSON.stringify({ plans, problems }, null, 2)}\n`;
}

function printPlan(plan: Plan): string {
  const rows = plan.choices.map((choice) => [`  ${choice.what}`, choice.value, choice.why]);
  const files = plan.files.map((file) => `    ${file.path}\n`).join('');
  const pinned = plan.pinned.length > 0 ? '    /etc/toa/files\n' : '';
  const evidence = plan.proven ? `evidence: ${plan.target.evidence}` : 'unproven';
  return `${plan.id}: ${plan.target.name}, ${plan.arch} (${evidence})\n${printTable(rows)}  files on the machine\n    /etc/toa/toa.env\n    /etc/toa/trusted\n${pinned}${files}`;
}
