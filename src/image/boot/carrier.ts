import { known, Unreadable, unknown } from '../look.ts';
import type { Look, Output } from '../types.ts';
import { LARGEST_SCRIPT } from './entry.ts';

/** A program to be run on the machine that was booted. */
export interface Program {
  readonly argv: readonly string[];
  readonly input?: Uint8Array;
}

/** What to look at on the machine that was booted: it answers nothing else. */
export interface Questions {
  readonly files: readonly string[];
  readonly programs: readonly Program[];
}

/** What it answered, by path and by the program's words. */
export interface Answers {
  readonly files: ReadonlyMap<string, Look<Buffer>>;
  readonly programs: ReadonlyMap<string, Output>;
}

/** The disk that carries the questions in, and the answers out: script, then what programs read, then the report. */
const REPORT_AT = 8 * 1024 * 1024;
const REPORT_LIMIT = 32 * 1024 * 1024;
const HEAD = 512;
export const CARRIER_BYTES = REPORT_AT + HEAD + REPORT_LIMIT;

/** The carrier's beginning. `script` is guest/validate/look.sh, which knows the words of the lines that follow it. */
export function makeCarrier(mark: string, script: string, { files, programs }: Questions): Buffer {
  const lines = files.map((path) => `file ${quote(path)}`);
  const inputs: Uint8Array[] = [];
  let at = LARGEST_SCRIPT;
  for (const [number, { argv, input = new Uint8Array() }] of programs.entries()) {
    lines.push(`program ${number} ${at} ${input.length} ${argv.map(quote).join(' ')}`);
    inputs.push(input);
    at += input.length;
  }
  const text = Buffer.from(`${mark}\n${script}${lines.join('\n')}\nfinish ${REPORT_AT} ${REPORT_LIMIT}\nexit\n`);
  if (text.length > LARGEST_SCRIPT || at > REPORT_AT) throw new Error('more is asked than the carrier holds');
  return Buffer.concat([text, Buffer.alloc(LARGEST_SCRIPT - text.length, '\n'), ...inputs]);
}

/** One word of a shell, whatever is in it. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** What the machine wrote; undefined: nothing. Throws Unreadable for what it cannot have written. */
export function readReport(
  read: (offset: number, length: number) => Buffer,
  { files, programs }: Questions,
): Answers | undefined {
  const head = /^toa-bake-report (\d{1,9})\n/.exec(read(REPORT_AT, HEAD).toString('latin1'));
  if (!head) return undefined;
  const size = Number(head[1]);
  if (size > REPORT_LIMIT) throw new Unreadable('what the machine wrote is too long');
  const records = readRecords(read(REPORT_AT + HEAD, size));
  return {
    files: new Map(files.map((path) => [path, fileAnswer(records, path)])),
    programs: new Map(programs.flatMap(({ argv }, number) => programAnswer(records, argv, number))),
  };
}

function readRecords(report: Buffer): ReadonlyMap<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < report.length; ) {
    const end = report.indexOf('\n', at);
    const [, name = '', length = ''] = /^(\S+) (\d{1,9})$/.exec(report.toString('latin1', at, end)) ?? [];
    if (end < 0 || name === '') throw new Unreadable('what the machine wrote is corrupt');
    at = end + 1 + Number(length);
    records.set(name, report.subarray(end + 1, at));
  }
  return records;
}

function fileAnswer(records: ReadonlyMap<string, Buffer>, path: string): Look<Buffer> {
  const content = records.get(`file:${path}`);
  if (content) return known(content);
  return records.has(`none:${path}`) ? { state: 'absent' } : unknown(`${path} could not be read on the booted machine`);
}

function programAnswer(
  records: ReadonlyMap<string, Buffer>,
  argv: readonly string[],
  number: number,
): readonly (readonly [string, Output])[] {
  const [stdout, stderr, code] = ['out', 'err', 'code'].map((part) => records.get(`${part}:${number}`));
  if (!stdout || !stderr || !code) return [];
  return [[argv.join('\0'), { code: Number(code.toString('latin1')), stdout, stderr: stderr.toString('utf8') }]];
}
