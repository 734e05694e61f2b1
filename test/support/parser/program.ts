/** The readers' parser as a program of user space, with every fault that the sanitizers know made fatal. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { judge, type Question, type Verdict } from './model.ts';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));

/** Where option.h is. */
export const MODULE = fileURLToPath(new URL('../../../guest/module/', import.meta.url));

/** Where one is that has the parser of guest/bpf. */
export const PROGRAMS = fileURLToPath(new URL('bpf/', import.meta.url));

const WARNINGS = ['-std=gnu11', '-Wall', '-Wextra', '-Werror'];

/** Compiles the program that answers questions, with the option.h of the directory `module`. */
export async function compileVerdicts(module: string, output: string): Promise<string> {
  const program = join(output, 'verdicts');
  const sanitize = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  const flags = [...WARNINGS, '-O1', '-g', ...sanitize, '-I', module];
  await execa('gcc', [...flags, join(SOURCES, 'verdicts.c'), '-o', program]);
  return program;
}

/** Compiles the harness for libFuzzer, with the option.h of the directory `module`. */
export async function compileFuzzer(module: string, output: string): Promise<string> {
  const program = join(output, 'fuzz');
  const sanitize = ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];
  const flags = [...WARNINGS, '-O1', '-g', ...sanitize, '-I', module];
  await execa('clang', [...flags, join(SOURCES, 'fuzz.c'), '-o', program]);
  return program;
}

/** What the program says of each question. Throws with the sanitizer's report where it found a fault. */
export async function askParser(program: string, questions: readonly Question[]): Promise<readonly Verdict[]> {
  const input = Uint8Array.from(questions.flatMap(({ kinds, list }) => [kinds.length, ...kinds, list.length, ...list]));
  const { stdout } = await execa(program, { input, maxBuffer: 64 * questions.length + 4096 });
  return stdout.split('\n');
}

/** A question on which the program and the model differ. */
export interface Disagreement {
  readonly kinds: readonly number[];
  /** In hexadecimal. */
  readonly list: string;
  readonly said: Verdict | undefined;
  readonly wanted: Verdict;
}

/** Every question on which the program and the model differ, the shortest list first. */
export async function disagreements(program: string, questions: readonly Question[]): Promise<readonly Disagreement[]> {
  const said = await askParser(program, questions);
  if (said.length !== questions.length) throw new Error(`${said.length} answers to ${questions.length} questions`);
  const all = questions.map(({ kinds, list }, i) => {
    return { kinds, list: Buffer.from(list).toString('hex'), said: said[i], wanted: judge({ kinds, list }) };
  });
  return all.filter(({ said, wanted }) => said !== wanted).sort((a, b) => a.list.length - b.list.length);
}

/** What a run of libFuzzer did. */
export interface FuzzRun {
  readonly code: number;
  readonly executions: number;
  /** Standard error: coverage and corpus as libFuzzer counts them, and the sanitizer's report of a fault. */
  readonly log: string;
}

/** Runs a harness from an empty corpus. A fault that it finds is a code that is not 0, not an error. */
export async function fuzz(program: string, executions: number, folder: string): Promise<FuzzRun> {
  const args = [`-runs=${executions}`, '-max_len=61', '-print_final_stats=1', `-artifact_prefix=${folder}/`];
  const { exitCode = -1, stderr } = await execa(program, args, { cwd: folder, reject: false, maxBuffer: 2 ** 26 });
  return { code: exitCode, executions: Number(/number_of_executed_units: (\d+)/.exec(stderr)?.[1]), log: stderr };
}
