import type { Expectation } from '../checks/types.ts';
import { type ProbeSettings, probeProgram, runProbe } from '../facts/probe.ts';
import { RUNNING_QUESTIONS, runningFacts } from '../facts/running.ts';
import type { Facts, RunningFacts } from '../facts/types.ts';
import { bootImage } from '../image/boot/index.ts';
import { known, unknown } from '../image/look.ts';
import type { Look, Reader } from '../image/types.ts';
import { packaged } from '../packaged.ts';

/** A machine under emulation takes minutes; one that takes longer than this does not come up. */
const LONGEST_BOOT_MS = 600_000;

/** The same facts with what the probe shows on a machine that runs. */
export async function addProbe(facts: Facts, reader: Reader | undefined, expected: Expectation): Promise<Facts> {
  if (!reader?.live)
    return { ...facts, running: unknown('only a machine that runs can be probed; --boot boots an image') };
  if (facts.running.state !== 'known') return facts;
  const settings = probeSettings(facts, expected);
  const probe = settings.state === 'known' ? await runProbe(reader, programOf(settings.value)) : settings;
  return { ...facts, running: known({ ...facts.running.value, probe }) };
}

/** The same facts of a disk image with what a booted copy of it shows. */
export async function addBoot(facts: Facts, reader: Reader | undefined, expected: Expectation): Promise<Facts> {
  if (reader?.kind !== 'disk') return { ...facts, running: unknown('only a disk image can be booted') };
  return { ...facts, running: await bootedFacts(facts, expected) };
}

async function bootedFacts(facts: Facts, expected: Expectation): Promise<Look<RunningFacts>> {
  const { machine } = facts;
  if (machine.state !== 'known' || machine.value === 'other')
    return unknown(`it cannot be booted: ${whyOf(machine) || 'its programs are for neither x86-64 nor arm64'}`);
  const settings = probeSettings(facts, expected);
  const program = settings.state === 'known' ? programOf(settings.value) : undefined;
  const reader = await bootImage(facts.source.what, {
    machine: machine.value,
    questions: {
      files: RUNNING_QUESTIONS.files,
      programs: [...RUNNING_QUESTIONS.programs, ...(program ? [program] : [])],
    },
    script: packaged.guest('validate/look.sh'),
    limitMs: LONGEST_BOOT_MS,
  });
  if (reader.state !== 'known') return reader;
  const running = await runningFacts(reader.value, facts.machine);
  if (running.state !== 'known') return running;
  const probe = program ? await runProbe(reader.value, program) : unknown(whyOf(settings));
  return known({ ...running.value, probe });
}

/**
 * What the probe has to play: what is planned; without a plan, what the machine itself is set to. A reader without a list of
 * networks believes everybody. Which kind a scrubber sends is never guessed.
 */
function probeSettings({ setup, running }: Facts, expected: Expectation): Look<ProbeSettings> {
  const now = ifThere(running);
  const kinds =
    ifThere(expected.kinds) ?? ifThere(setup.env)?.TOA_KINDS?.split(',').map(Number) ?? (now && ifThere(now.kinds));
  if (!kinds) return unknown('which option kind the probe has to send is unknown: give a spec');
  const trust = ifThere(expected.trust) ?? ifThere(setup.trusted) ?? (now && ifThere(now.trusted)) ?? 'any';
  return known({ kinds, trusted: trust === 'any' ? ['any'] : trust });
}

function programOf(settings: ProbeSettings): ReturnType<typeof probeProgram> {
  return probeProgram(settings, packaged.guest);
}

function ifThere<T>(look: Look<T>): T | undefined {
  return look.state === 'known' ? look.value : undefined;
}

function whyOf(look: Look<unknown>): string {
  return look.state === 'unknown' ? look.why : '';
}
