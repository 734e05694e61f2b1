import { nextKernel } from '../checks/kernels.ts';
import { ifKnown } from '../checks/look.ts';
import type { Expectation, Finding } from '../checks/types.ts';
import type { Facts } from '../facts/types.ts';
import type { Problem } from '../spec/types.ts';
import type { ImageReport, Outcome, Report } from './types.ts';

/** From the least to the most grave. */
const GRAVITY: readonly Outcome[] = ['holds', 'warns', 'unknown', 'unusable', 'fails'];

export function makeReport(images: readonly ImageReport[], problems: readonly Problem[], strict: boolean): Report {
  const spec: Outcome = problems.some(({ severity }) => severity === 'error') ? 'fails' : 'holds';
  return { report: 1, outcome: gravest([spec, ...images.map(({ outcome }) => outcome)]), strict, images, problems };
}

/** The report of an image that was looked at. */
export function reportImage(
  what: string,
  facts: Facts,
  { from, target }: Expectation,
  findings: readonly Finding[],
  strict: boolean,
): ImageReport {
  const next = ifKnown(nextKernel(facts))?.release;
  const kernels = ifKnown(facts.kernels) ?? [];
  return {
    what,
    outcome: gravest(findings.map((finding) => outcomeOf(finding, strict))),
    source: { kind: facts.source.kind, live: facts.source.live },
    os: ifKnown(facts.os)?.prettyName ?? '',
    judgedBy: { from, target },
    kernels: kernels.filter(({ modules }) => modules).map(({ release }) => ({ release, next: release === next })),
    findings,
  };
}

/** The report of an image about which only one thing can be said. */
export function reportOne(what: string, finding: Finding, facts?: Facts): ImageReport {
  return {
    what,
    outcome: outcomeOf(finding, false),
    source: facts ? { kind: facts.source.kind, live: facts.source.live } : null,
    os: (facts && ifKnown(facts.os)?.prettyName) ?? '',
    judgedBy: { from: facts ? 'spec' : 'nothing', target: '' },
    kernels: [],
    findings: [finding],
  };
}

export function outcomeOf({ code, status, severity }: Finding, strict: boolean): Outcome {
  if (status === 'unknown') return 'unknown';
  if (status !== 'fails') return 'holds';
  if (code === 'target/no-fit') return 'unusable';
  return severity === 'error' || strict ? 'fails' : 'warns';
}

export function gravest(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce((most, one) => (GRAVITY.indexOf(one) > GRAVITY.indexOf(most) ? one : most), 'holds');
}
