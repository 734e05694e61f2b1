import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { packaged, smallestGzip } from '../packaged.ts';
import { KINDS, type Kind, type Rendered, render, type Theirs } from '../render/index.ts';
import type { Artifact } from '../render/types.ts';
import { printCount } from '../report/count.ts';
import { printable } from '../report/printable.ts';
import { printTable } from '../report/table.ts';
import type { Problem } from '../spec/types.ts';
import { checkArtifacts, type Outcome, writeArtifacts } from '../write.ts';
import { EXIT, type Io, report } from './io.ts';
import { loadPlans } from './load.ts';
import { readLocal } from './local.ts';

export interface RenderOptions {
  readonly output: string;
  readonly only?: Kind;
  /** The user's own user-data. */
  readonly merge?: string;
  readonly check?: boolean;
  readonly force?: boolean;
}

/** `toa-bake render`: all targets are written, or none. */
export async function renderCommand(io: Io, spec: string, options: RenderOptions): Promise<number> {
  if (options.merge !== undefined && (options.only === 'packer' || options.only === 'script')) {
    io.err(`error: --merge is for user-data, which --only ${options.only} does not write; leave one of the two out\n`);
    return EXIT.usage;
  }
  const { plans, problems, locate } = loadPlans(spec);
  if (report(io, problems, spec)) return EXIT.failed;
  const kinds = options.only ? [options.only] : KINDS;
  const takesAlong = kinds.includes('script') || kinds.includes('packer');
  const read = readLocal(takesAlong ? plans : [], dirname(spec));
  if (report(io, read.problems.map(locate), spec)) return EXIT.failed;
  const gzips = plans.some(({ clouds }) => clouds.some(({ gzip }) => gzip));
  const sources = { ...packaged, ...(gzips && { compress: await smallestGzip() }), local: read.local };
  const theirs = options.merge === undefined ? undefined : readTheirs(options.merge);
  if (theirs && 'severity' in theirs) return report(io, [theirs], spec) ? EXIT.failed : EXIT.ok;
  const rendered = plans.map((plan) => render(plan, sources, kinds, theirs));
  // What is wrong with the user's file is the same for every target, and has its lines.
  const wrong = [...new Map(rendered.flatMap((r) => r.problems.map((p) => [p.message, p]))).values()];
  const inTheirs = report(io, wrong.filter(isTheirs), options.merge ?? '');
  if (
    report(
      io,
      wrong.filter((p) => !isTheirs(p)).map((p) => (p.path.length > 0 ? locate(p) : p)),
      spec,
    ) ||
    inTheirs
  )
    return EXIT.failed;
  const artifacts = rendered.flatMap((r) => r.artifacts);
  const outcome = options.check
    ? checkArtifacts(options.output, artifacts)
    : writeArtifacts(options.output, artifacts, options.force === true);
  if (report(io, outcome.problems, spec)) return EXIT.failed;
  for (const sentence of new Set(rendered.flatMap((r) => r.did))) io.err(`merged: ${printable(sentence)}\n`);
  io.out(summary(rendered, outcome, options.output));
  for (const { plan, payload } of rendered.filter(isFetched)) {
    const script = `${options.output}/${plan.id}/script/install-toa.sh`;
    io.err(`serve: ${script}, sha256 ${payload.scriptSha256}, as ${plan.payload?.url}; machines take no other\n`);
  }
  return EXIT.ok;
}

/** Whether there is user-data that fetches the script. */
const isFetched = ({ plan, artifacts }: Rendered): boolean =>
  plan.payload !== null && artifacts.some(({ path }) => /\/(cloud-init|terraform)\//.test(path));

const isTheirs = ({ code }: Problem): boolean => code.startsWith('merge/');

function readTheirs(name: string): Theirs | Problem {
  try {
    return { bytes: readFileSync(name), name };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      code: 'merge/unreadable',
      severity: 'error',
      path: [],
      message: `cannot read the user-data ${JSON.stringify(name)}: ${why}; expected a file`,
      hint: '--merge takes the file that you give to the cloud today',
    };
  }
}

/** A row a file; a folder of many is one row. */
function summary(rendered: readonly Rendered[], { written }: Outcome, dir: string): string {
  const groups = new Map<string, Artifact[]>();
  for (const artifact of rendered.flatMap((r) => r.artifacts)) {
    const folder = artifact.path.split('/').slice(0, 2).join('/');
    groups.set(folder, [...(groups.get(folder) ?? []), artifact]);
  }
  const row = (path: string, files: readonly Artifact[]) => [
    `${dir}/${path}`,
    `${printCount(files.reduce((sum, { content }) => sum + content.length, 0))} bytes`,
    files.some((file) => written.includes(file.path)) ? 'written' : 'unchanged',
  ];
  const rows = [...groups].flatMap(([folder, files]) =>
    files.length > FILES_SHOWN
      ? [row(`${folder}/ (${files.length} files)`, files)]
      : files.map((file) => row(file.path, [file])),
  );
  return printTable(rows);
}

/** Files of a folder that are listed one by one. */
const FILES_SHOWN = 3;
