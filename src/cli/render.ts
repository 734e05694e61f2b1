import { packaged, smallestGzip } from '../packaged.ts';
import { KINDS, type Kind, type Rendered, render } from '../render/index.ts';
import { printCount } from '../report/count.ts';
import { printTable } from '../report/table.ts';
import { checkArtifacts, type Outcome, writeArtifacts } from '../write.ts';
import { EXIT, type Io, report } from './io.ts';
import { loadPlans } from './load.ts';

export interface RenderOptions {
  readonly output: string;
  readonly only?: Kind;
  readonly check?: boolean;
  readonly force?: boolean;
}

/** `toa-bake render`: all targets are written, or none. */
export async function renderCommand(io: Io, spec: string, options: RenderOptions): Promise<number> {
  const { plans, problems } = loadPlans(spec);
  if (report(io, problems, spec)) return EXIT.failed;
  const kinds = options.only ? [options.only] : KINDS;
  const gzips = plans.some(({ clouds }) => clouds.some(({ gzip }) => gzip));
  const sources = gzips ? { ...packaged, compress: await smallestGzip() } : packaged;
  const rendered = plans.map((plan) => render(plan, sources, kinds));
  const tooBig = rendered.flatMap((r) => r.problems);
  if (report(io, tooBig, spec)) return EXIT.failed;
  const artifacts = rendered.flatMap((r) => r.artifacts);
  const outcome = options.check
    ? checkArtifacts(options.output, artifacts)
    : writeArtifacts(options.output, artifacts, options.force === true);
  if (report(io, outcome.problems, spec)) return EXIT.failed;
  io.out(summary(rendered, outcome, options.output));
  return EXIT.ok;
}

function summary(rendered: readonly Rendered[], outcome: Outcome, dir: string): string {
  const rows = rendered.flatMap((r) =>
    r.artifacts.map((a) => [
      `${dir}/${a.path}`,
      `${printCount(a.content.length)} bytes`,
      outcome.written.includes(a.path) ? 'written' : 'unchanged',
    ]),
  );
  return printTable(rows);
}
