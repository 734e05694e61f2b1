import { availableParallelism } from 'node:os';
import { expect } from '../checks/expectation.ts';
import { judge } from '../checks/index.ts';
import type { Finding } from '../checks/types.ts';
import type { Plan } from '../plan/types.ts';
import { makeReport, reportImage, reportOne } from '../report/report.ts';
import type { ImageReport, Outcome, Report } from '../report/types.ts';
import { writeSingle } from '../write.ts';
import { EXIT, type Io, report as reportProblems } from './io.ts';
import { loadPlans } from './load.ts';
import { type Beyond, lookAt } from './look-at.ts';
import { inParallel } from './parallel.ts';

/** How a report may be printed. */
export const FORMATS = ['text', 'json', 'junit', 'html'] as const;

export interface ValidateOptions {
  readonly spec?: string;
  readonly format: (typeof FORMATS)[number];
  readonly output?: string;
  readonly strict?: boolean;
  readonly boot?: boolean;
  readonly probe?: boolean;
}

/** `toa-bake validate`: looks at every image, several at once, and says what holds; one that cannot be opened spoils no other. */
export async function validateCommand(io: Io, whats: readonly string[], options: ValidateOptions): Promise<number> {
  const strict = options.strict === true;
  const { plans, problems } = options.spec === undefined ? { plans: null, problems: [] } : loadPlans(options.spec);
  const isBad = reportProblems(io, problems, options.spec ?? '');
  const images = isBad ? [] : await judgeAll(io, whats, plans, options);
  const report = makeReport(images, problems, strict);
  const text = await print(report, options.format);
  if (options.output === undefined) io.out(text);
  else {
    const unwritten = writeSingle(options.output, text, true);
    if (unwritten) return reportProblems(io, [unwritten], options.output) ? EXIT.failed : EXIT.ok;
    io.out(`${options.output}\n`);
  }
  return EXITS[report.outcome];
}

const EXITS: Readonly<Record<Outcome, number>> = {
  holds: EXIT.ok,
  warns: EXIT.ok,
  unknown: EXIT.unknown,
  unusable: EXIT.usage,
  fails: EXIT.failed,
};

async function judgeAll(
  io: Io,
  whats: readonly string[],
  plans: readonly Plan[] | null,
  options: ValidateOptions,
): Promise<readonly ImageReport[]> {
  let done = 0;
  const progress = (text: string): void => {
    if (io.terminal) io.err(`\r\x1b[K${text}`);
  };
  progress(`looking at ${whats.length} of them`);
  const images = await inParallel(whats, availableParallelism(), async (what) => {
    const image = await judgeOne(what, plans, options);
    done += 1;
    progress(`${done} of ${whats.length} looked at`);
    return image;
  });
  progress('');
  return images;
}

async function judgeOne(what: string, plans: readonly Plan[] | null, options: ValidateOptions): Promise<ImageReport> {
  const looked = await lookAt(what, beyond(plans, options));
  if ('finding' in looked) return reportOne(what, looked.finding);
  const { facts } = looked;
  const expected = expect(facts, plans);
  if (expected.state === 'known') {
    return reportImage(what, facts, expected.value, judge(facts, expected.value), options.strict === true);
  }
  return reportOne(what, expected.state === 'unknown' ? untold(expected.why) : noFit(plans ?? []), facts);
}

/** What is wanted besides the files: a look at a machine that runs needs to know what is planned for it. */
function beyond(plans: readonly Plan[] | null, { boot, probe }: ValidateOptions): Beyond | undefined {
  if (!boot && !probe) return undefined;
  return async (facts, reader) => {
    const expected = expect(facts, plans);
    if (expected.state !== 'known') return facts;
    const { addBoot, addProbe } = await import('./running.ts');
    return boot ? addBoot(facts, reader, expected.value) : addProbe(facts, reader, expected.value);
  };
}

function untold(why: string): Finding {
  return { ...NO_FIT, status: 'unknown', message: `nobody can tell which target this is: ${why}` };
}

function noFit(plans: readonly Plan[]): Finding {
  const ids = plans.map(({ id }) => id).join(', ');
  return { ...NO_FIT, status: 'fails', message: `none of the targets of the spec fits this machine: ${ids}` };
}

const NO_FIT = { code: 'target/no-fit', severity: 'error', evidence: [] } as const;

/** Each printer is loaded only when it is wanted: two of them bring a template engine. */
async function print(report: Report, format: ValidateOptions['format']): Promise<string> {
  switch (format) {
    case 'text':
      return (await import('../report/text.ts')).printText(report);
    case 'json':
      return (await import('../report/json.ts')).printJson(report);
    case 'junit':
      return (await import('../report/junit.ts')).printJunit(report);
    case 'html':
      return (await import('../report/html.ts')).printHtml(report);
  }
}
