/** Random damage that goes through the whole of validate: never a crash, a hang, much memory, or a pass of another machine. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { lookAt } from '../../src/cli/look-at.ts';
import type { Facts, Receipt } from '../../src/facts/types.ts';
import { spoilt } from '../support/tree.ts';
import { makeGoodRoot, RELEASE, SPEC } from './good.ts';
import { judged, startLimits } from './judged.ts';
import { makeExt4, scratch, tool } from './tree.ts';

const dir = scratch();
const at = (name: string): string => join(dir, name);
const MODULE = `lib/modules/${RELEASE}/updates/toa/toa.ko`;
const RECEIPT = 'var/lib/toa/receipt.json';
let root = '';

/** Tests of an image, a tar, a module and a receipt, with so many rounds each. */
export function testDamage(rounds: number): void {
  beforeAll(async () => {
    root = await makeGoodRoot();
    // Small: most of it means something.
    makeExt4(at('good.img'), root, '1200k');
    tool('tar', '-C', root, '-cf', at('good.tar'), '.');
  });

  it.each(['good.img', 'good.tar'])('%s', async (name) => {
    const good = await factsOf(at(name));
    let passed = 0;
    for await (const path of damaged(rounds, readFileSync(at(name)), (content) => content)) {
      if (!(await passes(path, SPEC))) continue;
      passed += 1;
      // What is said of other kernels' modules is a warning at most; without a warning they are whole too.
      const { outcome } = await judged(dir, path, SPEC);
      const facts = await factsOf(path);
      expect(decisive(facts, outcome === 'holds')).toEqual(decisive(good, outcome === 'holds'));
    }
    // Most of the bytes are of programs, sources and empty blocks.
    expect(passed).toBeGreaterThan(rounds * 0.05);
    expect(passed).toBeLessThan(rounds * 0.7);
  });

  it('the module: no other bytes pass than those that were installed', async () => {
    const content = readFileSync(join(root, MODULE));
    const archive = withoutMember(MODULE);
    for await (const path of damaged(rounds, content, archive)) {
      expect(await passes(path, null)).toBe(false);
    }
    writeFileSync(at('whole.tar'), archive(content));
    expect(await passes(at('whole.tar'), null)).toBe(true);
  });

  it('the receipt: none passes that says something else of what is judged', async () => {
    const content = readFileSync(join(root, RECEIPT));
    const good = meaning(JSON.parse(content.toString()));
    const archive = withoutMember(RECEIPT);
    let bad: Buffer = content;
    const remember = (one: Buffer): Buffer => {
      bad = one;
      return archive(one);
    };
    for await (const path of damaged(rounds, content, remember)) {
      if (await passes(path, null)) expect(meaning(JSON.parse(bad.toString()))).toEqual(good);
    }
    writeFileSync(at('whole.tar'), archive(content));
    expect(await passes(at('whole.tar'), null)).toBe(true);
  });
}

/** Files with damage, one after another; none may take long or much memory. */
async function* damaged(rounds: number, content: Buffer, make: (damaged: Buffer) => Buffer): AsyncGenerator<string> {
  const limits = startLimits();
  let left = rounds;
  for (const bad of spoilt(content)) {
    if (bad.equals(content)) continue;
    writeFileSync(at('damaged'), make(bad));
    yield at('damaged');
    limits.check();
    left -= 1;
    if (left === 0) return;
  }
}

async function passes(what: string, spec: string | null): Promise<boolean> {
  const { code, outcome, faults } = await judged(dir, what, spec);
  expect([0, 1, 2, 3]).toContain(code);
  expect(code === 0).toBe(outcome === 'holds' || outcome === 'warns');
  expect(faults.length > 0).toBe(outcome !== 'holds');
  return code === 0;
}

async function factsOf(what: string): Promise<Facts> {
  const looked = await lookAt(what);
  if ('finding' in looked) throw new Error(looked.finding.message);
  return looked.facts;
}

/** What decides what a machine will do: which kernel boots, with which module, loaded by whom and with which settings. */
function decisive({ os, machine, boot, kernels, modprobe, loaders, setup }: Facts, ofAllKernels: boolean): unknown {
  const known = <T>(look: { readonly state: string; readonly value?: T }): T | undefined => look.value;
  const next = known(known(boot)?.next ?? { state: '' })?.release;
  return {
    os: [known(os)?.id, known(os)?.versionId],
    machine,
    next,
    commandLine: known(boot)?.commandLine,
    kernels: known(kernels)?.map(({ release, modules, readers, index, builtin }) => ({
      release,
      modules,
      index,
      builtin,
      readers:
        (ofAllKernels || release === next) &&
        known(readers)?.map(({ path, sha256: sum, damage }) => [path, sum, damage]),
    })),
    options: known(modprobe)?.options.map(({ module, parameters }) => [module, parameters]),
    refused: [known(modprobe)?.blacklisted, known(modprobe)?.installs],
    loaders: known(loaders)?.map(({ path, kind, loads, needs, hindrance }) => [
      path,
      kind,
      loads,
      needs,
      hindrance.state,
    ]),
    kinds: known(setup.env)?.TOA_KINDS,
    trusted: setup.trusted,
    files: known(setup.files)?.map(({ path, mode }) => [path, mode & 0o111]),
    loading: setup.loading,
    payload: setup.payload,
    receipt: meaning(known(setup.receipt)),
  };
}

/** What a receipt says of the machine. */
function meaning(receipt: Receipt | undefined): unknown {
  return {
    result: receipt?.result,
    payload: receipt?.payload,
    kinds: receipt?.kinds,
    trusted: receipt?.trusted,
    verify: receipt?.verify?.result,
    kernels: receipt?.kernels,
  };
}

/** Makes an archive of the good machine whose member of that name has another content. */
function withoutMember(name: string): (content: Buffer) => Buffer {
  tool('tar', '-C', root, '--exclude', `./${name}`, '-cf', at('rest.tar'), '.');
  tool('tar', '-C', root, '-cf', at('member.tar'), `./${name}`);
  const rest = readFileSync(at('rest.tar'));
  const header = readFileSync(at('member.tar')).subarray(0, 512);
  return (content) => {
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
    return Buffer.concat([header, content, padding, rest]);
  };
}
