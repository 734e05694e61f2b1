/** Plays the case table in a machine and holds what is seen, and what the module counts, against it. */

import { expect } from 'vitest';
import type { Microvm } from './microvm.ts';
import { type Case, type Group, SCRUBBER, type Shown } from './module-cases.ts';
import { output } from './module-machine.ts';

interface Moment {
  /** The scrubber's address as this socket spells it. */
  readonly source: string;
  readonly shown: readonly string[];
}

interface Result {
  /** An errno of the kernel where it has no such socket or call. */
  readonly skipped?: string;
  readonly moments?: readonly Moment[];
}

/** A group as it was played in one namespace. */
export interface Played {
  readonly group: Group;
  readonly namespace: string;
  readonly results: readonly Result[];
  /** What the module counted meanwhile, without the rows that stayed. */
  readonly rows: Readonly<Record<string, number>>;
}

/** What a kernel says that lacks MPTCP or io_uring. */
const LACKS: readonly string[] = ['EPROTONOSUPPORT', 'ENOSYS'];

/** Errors are the kernel's answer, marked or not. */
const isError = (shown: string) => shown.startsWith('E');
const isClient = (shown: string) => shown !== SCRUBBER && !isError(shown);

/** The file that cases.py reads. */
export function casesFile(groups: readonly Group[]): Buffer {
  return Buffer.from(JSON.stringify(groups));
}

/** Without the module: every case shows the scrubber, those that should show a client above all. */
export async function playControl(vm: Microvm, groups: readonly Group[]): Promise<void> {
  for (const { group, results } of await play(vm, groups, 'control'))
    group.cases.forEach((one, index) => {
      const seenAs = (shown: string) => (isError(shown) ? shown : SCRUBBER);
      expectShown(`control of ${group.name}: ${one.name}`, one, results[index], seenAs);
    });
}

/** With the module, in each of the groups' namespaces; gives what was counted. */
export async function playGroups(vm: Microvm, groups: readonly Group[]): Promise<readonly Played[]> {
  const all = await play(vm, groups, 'loaded');
  for (const { group, namespace, results } of all)
    group.cases.forEach((one, index) => {
      expectShown(`${group.name} (${namespace}): ${one.name}`, one, results[index], (shown) => shown);
    });
  return all;
}

/** The cases that this kernel has. */
export function casesOf({ group, results }: Pick<Played, 'group' | 'results'>): readonly Case[] {
  return group.cases.filter((_, index) => !results[index]?.skipped);
}

/** Holds what the reader counted against what was sent, exactly. */
export function expectRows(all: readonly Played[], reader: 'module' | 'ebpf' = 'module'): void {
  for (const { group, namespace, results, rows } of all) {
    const wanted = ROWS[reader](casesOf({ group, results }));
    expect([group.name, namespace, rows]).toEqual([group.name, namespace, wanted]);
  }
}

async function play(vm: Microvm, groups: readonly Group[], mode: 'control' | 'loaded'): Promise<readonly Played[]> {
  const lines = await output(vm, `python3 /cases.py '${groups.map(({ name }) => name).join()}' ${mode}`);
  return lines.split('\n').map((line) => {
    const { group: name, ...rest } = JSON.parse(line);
    const group = groups.find((one) => one.name === name);
    if (group === undefined) throw new Error(`not a group: ${name}`);
    return { ...rest, group };
  });
}

function expectShown(name: string, one: Case, result: Result | undefined, seenAs: (shown: string) => string): void {
  if (result?.skipped) {
    expect([name, LACKS.includes(result.skipped) ? 'lacking' : result.skipped]).toEqual([name, 'lacking']);
    return;
  }
  const seen = result?.moments?.map(({ shown }) => shown);
  const wanted = one.shows.map((shown, index) => {
    const source = result?.moments?.[index]?.source ?? '';
    const port = source.split(' ')[1] ?? '';
    return perAsker(shown, index)
      .map(seenAs)
      .map((text) => (text === SCRUBBER ? source : text.replace('PORT', port)));
  });
  expect([name, seen]).toEqual([name, wanted]);
}

function perAsker(shown: Shown, moment: number): readonly string[] {
  if (typeof shown !== 'string') return shown;
  return moment === 0 ? [shown, shown, shown] : [shown, shown];
}

type Rows = Readonly<Record<string, number>>;

function sum(all: readonly (readonly [row: string, value: number])[]): Rows {
  const rows: Record<string, number> = {};
  for (const [row, value] of all) rows[row] = (rows[row] ?? 0) + value;
  return Object.fromEntries(Object.entries(rows).filter(([, value]) => value !== 0));
}

const seenOf = ({ shows }: Case) => shows.flatMap(perAsker);
const isMarked = (one: Case) => isClient(seenOf(one)[0] ?? SCRUBBER);

/** What the reader has to have counted after these cases. */
const ROWS = {
  module: (cases: readonly Case[]): Rows =>
    sum(
      cases.flatMap((one) => [
        [isMarked(one) ? 'syn_recv_sock_toa' : 'syn_recv_sock_no_toa', 1] as const,
        ['getname_toa_ok', seenOf(one).filter(isClient).length] as const,
        // Python asks every accepted socket for its own name too, which is only counted while somebody is marked.
        ['getname_toa_bypass', isMarked(one) ? 1 : 0] as const,
        ...Object.entries(one.counts ?? {}),
      ]),
    ),
  /** The kernel asks it only for names of peers that there are, and always. */
  ebpf: (cases: readonly Case[]): Rows =>
    sum(
      cases.flatMap((one) => [
        [isMarked(one) ? 'syn_recv_sock_toa' : 'syn_recv_sock_no_toa', 1] as const,
        ['getname_toa_ok', seenOf(one).filter(isClient).length] as const,
        ['getname_toa_empty', seenOf(one).filter((shown) => shown === SCRUBBER).length] as const,
        ...Object.entries(one.counts ?? {}).filter(([row]) => !row.startsWith('getname')),
      ]),
    ),
};
