import { ABSENT, known, unknown } from '../image/look.ts';
import type { Look, Reader } from '../image/types.ts';
import type { Probe } from './types.ts';

/** What the probe is to play: the sender's option kinds, and the networks that it is believed from. */
export interface ProbeSettings {
  readonly kinds: readonly number[];
  /** Networks, or the one word any. */
  readonly trusted: readonly string[];
}

/** The program that probes, with what it reads: guest/validate/probe.sh and guest/toa-probe. */
export function probeProgram(
  { kinds, trusted }: ProbeSettings,
  guest: (path: string) => string,
): { readonly argv: readonly string[]; readonly input: Uint8Array } {
  const head = [kinds.join(','), ...trusted, ''].join('\n');
  return {
    argv: ['sh', '-c', guest('validate/probe.sh')],
    input: Buffer.from(`${head}\n${guest('toa-probe')}`),
  };
}

/** Sends real connections on a machine, in a network namespace of their own, and says what it made of them. */
export async function runProbe(reader: Reader, program: ReturnType<typeof probeProgram>): Promise<Look<Probe>> {
  if (reader.run === undefined) return unknown('no program can be run there');
  const answer = await reader.run(program.argv, program.input);
  if (answer.state !== 'known') return answer.state === 'absent' ? ABSENT : unknown(`the probe: ${answer.why}`);
  const { code, stdout, stderr } = answer.value;
  const probe = parseProbe(Buffer.from(stdout).toString('utf8'));
  if (probe) return known(probe);
  if (code === 127) return unknown('the probe needs Python, which the machine does not have');
  return unknown(`the probe ended with ${code}: ${stderr.trim().split('\n').at(-1)}`);
}

const RESULTS: ReadonlySet<unknown> = new Set(['pass', 'fail', 'unknown']);

/** What it printed, and nothing else of it. Undefined: it is no report of the probe. */
function parseProbe(text: string): Probe | undefined {
  const report = fieldsOf(parseJson(text));
  if (!RESULTS.has(report.result) || !Array.isArray(report.cases)) return undefined;
  return {
    result: report.result as Probe['result'],
    reason: String(report.reason),
    cases: report.cases.map(fieldsOf).map(({ name, source, accept, getpeername, ok }) => ({
      name: String(name),
      source: String(source),
      accept: String(accept),
      getpeername: String(getpeername),
      ok: ok === true,
    })),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
