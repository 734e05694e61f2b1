// Whole processes against each other: medians of rounds in which each runs once, so that whatever else the machine does hits all alike.

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const RUN = resolve('scripts/bench/run.py');

/**
 * What one process takes: {wall, cpu} in seconds, {peak} in kilobytes; {failed} in words where it is not to be had or does not end well.
 * `before` is done first and not counted.
 */
function runOnce({ argv, before, ...options }) {
  before?.();
  const { output, error, stderr } = spawnSync('python3', [RUN, ...argv], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 1_200_000,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    ...options,
  });
  if (error) throw error;
  if (!output[3]) return { failed: stderr.includes('FileNotFoundError') ? 'not installed' : lastLine(stderr) };
  const took = JSON.parse(output[3]);
  return took.code === 0 ? took : { failed: `exit ${took.code}: ${lastLine(stderr)}` };
}

const lastLine = (text) => text.trim().split('\n').at(-1) ?? '';

/**
 * `commands` by name: {argv, before, rounds, …options of spawnSync}. Gives by name {wall, cpu, peak, runs}; the ratio of two is the median of
 * the ratios of rounds.
 */
export function race(commands, rounds) {
  const runs = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, command] of Object.entries(commands)) {
      const isDone = round >= (command.rounds ?? rounds) || runs[name].some(({ failed }) => failed);
      if (!isDone) runs[name].push(runOnce(command));
    }
  return Object.fromEntries(Object.entries(runs).map(([name, list]) => [name, { ...summary(list), runs: list }]));
}

function summary(list) {
  const failed = list.find((run) => run.failed);
  if (failed) return { failed: failed.failed };
  const of = (key) => median(list.map((run) => run[key]));
  return { wall: of('wall'), cpu: of('cpu'), peak: Math.max(...list.map(({ peak }) => peak)) };
}

/** How many times `other` a process takes: of wall time, or of what `key` says. */
export function ratio(results, name, other, key = 'wall') {
  const [a, b] = [results[name], results[other]];
  if (a.failed || b.failed) return undefined;
  const both = Math.min(a.runs.length, b.runs.length);
  return median(Array.from({ length: both }, (_, i) => a.runs[i][key] / b.runs[i][key]));
}

export function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
