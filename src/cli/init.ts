import { resolve } from '../plan/resolve.ts';
import { printable } from '../report/printable.ts';
import { parseSpec } from '../spec/parse.ts';
import type { Problem } from '../spec/types.ts';
import { writeSingle } from '../write.ts';
import { EXIT, type Io, report } from './io.ts';
import template from './spec.yaml.hbs';

export interface InitOptions {
  readonly output: string;
  readonly os: readonly string[];
  readonly trust: readonly string[];
  readonly force?: boolean;
}

/** `toa-bake init`: a commented spec to start from. What it writes is first read back, so that bad options write nothing. */
export function initCommand(io: Io, options: InitOptions): number {
  const text = template({
    any: options.trust.includes('any') && options.trust.length === 1,
    trust: options.trust.map(quoted),
    os: options.os.map(quoted),
  });
  const { spec, problems, locate } = parseSpec(text);
  const resolved = resolve(spec);
  const warnings = resolved.plans.flatMap((plan) => plan.warnings).slice(0, 1);
  const found = [...problems, ...resolved.problems];
  // The lines are those of a file that is not there.
  if (report(io, found.map(withoutPlace), options.output)) return EXIT.failed;
  const unwritten = writeSingle(options.output, text, options.force === true);
  if (unwritten) {
    report(io, [unwritten], options.output);
    return EXIT.failed;
  }
  report(io, warnings.map(locate), options.output);
  io.out(`${options.output}\n`);
  io.err(`next: read it, then \`toa-bake plan ${printable(options.output)}\` says what would be done, and why\n`);
  return EXIT.ok;
}

function withoutPlace({ line: _line, column: _column, ...problem }: Problem): Problem {
  return problem;
}

/** Ids and IPv4 networks stay plain; whatever YAML might read otherwise is quoted. */
function quoted(text: string): string {
  return /^([a-z]+-[a-z0-9.-]+|[0-9.]+\/[0-9]+)$/.test(text) ? text : JSON.stringify(text);
}
