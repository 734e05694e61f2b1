import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { resolve } from '../plan/resolve.ts';
import { parseSpec } from '../spec/parse.ts';
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
  const any = options.trust.includes('any');
  const text = Handlebars.compile(template, { strict: true, noEscape: true })({
    any,
    trust: options.trust.map(quoted),
    os: options.os.map(quoted),
  });
  const { spec, problems, locate } = parseSpec(text);
  const resolved = resolve(spec);
  if (report(io, [...problems, ...resolved.problems.map(locate)], options.output)) return EXIT.failed;
  if (existsSync(options.output) && !options.force && readFileSync(options.output, 'utf8') !== text) {
    io.err(
      `error: ${options.output} is there already; expected no file\n  hint: choose another name with -o, or say --force to overwrite it\n`,
    );
    return EXIT.failed;
  }
  try {
    writeFileSync(options.output, text);
  } catch (error) {
    io.err(`error: cannot write ${options.output}: ${(error as Error).message}\n`);
    return EXIT.failed;
  }
  io.out(`${options.output}\n`);
  io.err(`next: put your scrubbing service's networks under trust, then \`toa-bake plan ${options.output}\`\n`);
  return EXIT.ok;
}

/** Plain words stay plain; whatever YAML might read otherwise is quoted. */
function quoted(text: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9./-]*$/.test(text) ? text : JSON.stringify(text);
}
