import type { Problem } from '../../spec/types.ts';
import { OUR_NAME } from './ours.ts';
import type { Part } from './parts.ts';
import { isRefusal, refuse } from './refuse.ts';
import { readYaml } from './yaml.ts';

/** What the user's parts mean for ours. */
export interface Judgement {
  /** The user's own power_state is there and also does what ours is for. */
  readonly rebootsAnyway: boolean;
  readonly did: readonly string[];
}

/** Looks at each part as cloud-init will handle it; the first reason against merging wins. */
export function judge(parts: readonly Part[], ourReboot: boolean): Judgement | Problem {
  const judged = parts.map((part) => {
    if (isOurs(part))
      return refuse('merge/twice', `${part.label} is toa-bake's`, 'merge your own user-data as it was before');
    return JUDGES[part.type]?.(part, ourReboot) ?? NOTHING;
  });
  const refusal = judged.find(isRefusal);
  if (refusal) return refusal;
  const fine = judged.flatMap((one) => (isRefusal(one) ? [] : [one]));
  return {
    rebootsAnyway: fine.some((one) => one.rebootsAnyway),
    did: [...parts.filter((part) => part.garbled).map(sayGarbled), ...fine.flatMap((one) => one.did)],
  };
}

function sayGarbled({ label }: Part): string {
  return `${label} has characters beyond ASCII and no Content-Transfer-Encoding for them: cloud-init garbles them, merged or not`;
}

const NOTHING: Judgement = { rebootsAnyway: false, did: [] };

type Judge = (part: Part, ourReboot: boolean) => Judgement | Problem;

const JUDGES: Readonly<Record<string, Judge>> = {
  'text/cloud-config': judgeConfig,
  'text/cloud-config-jsonp': judgeUnread,
  'text/jinja2': judgeJinja,
  'text/x-include-url': judgeInclude,
  'text/x-include-once-url': judgeInclude,
  'text/part-handler': ({ label }) =>
    noting(`${label} is a part handler: toa-bake's parts stand before it, so it never gets them`),
};

/** Both from `render`, and from an earlier merge. */
function isOurs({ text, filename }: Part): boolean {
  return filename === OUR_NAME || /^# toa-bake: .*\n# payload sha256 [0-9a-f]{64}$/m.test(text);
}

function noting(sentence: string): Judgement {
  return { rebootsAnyway: false, did: [sentence] };
}

function judgeConfig({ text, label }: Part, ourReboot: boolean): Judgement | Problem {
  const read = readYaml(text, label, 'mapping');
  if (isRefusal(read)) return read;
  const config = read.data as Readonly<Record<string, unknown>>;
  const missing = missingModule(config.cloud_final_modules, ourReboot);
  if (missing)
    return refuse(
      'merge/modules',
      `cloud_final_modules of ${label} leaves out ${missing}, without which toa-bake's part does nothing`,
      `add ${missing} to the list`,
    );
  if (!ourReboot || !('power_state' in config)) return NOTHING;
  if (!rebootsForUs(config.power_state))
    return refusePowerState(label, 'has a condition of its own, or does not reboot');
  return {
    rebootsAnyway: true,
    did: [
      `the power_state of ${label} stays as it is and ends this boot, so toa-bake's own, a reboot if needed, is left out`,
    ],
  };
}

/** A replaced list of modules must still have those that run a script and, if we want it, a reboot. */
function missingModule(list: unknown, ourReboot: boolean): string | undefined {
  if (!Array.isArray(list)) return undefined;
  const named = list.map((entry: unknown) => String(Array.isArray(entry) ? entry[0] : entry).replaceAll('_', '-'));
  const needed = ['scripts-user', ...(ourReboot ? ['power-state-change'] : [])];
  return needed.find((module) => !named.includes(module));
}

const MODES: readonly unknown[] = ['reboot', 'poweroff', 'halt'];

/** The module is there for the kernel that boots next: whatever ends this boot will do, if it is sure to. */
function rebootsForUs(powerState: unknown): boolean {
  if (typeof powerState !== 'object' || powerState === null) return false;
  const { mode, condition = true } = powerState as Readonly<Record<string, unknown>>;
  return MODES.includes(mode) && (condition === true || JSON.stringify(condition).includes('/run/toa-reboot-needed'));
}

function refusePowerState(label: string, why: string): Problem {
  return refuse(
    'merge/power-state',
    `power_state of ${label} ${why}; cloud-init has only one, and toa-bake's reboots where the reader needs it`,
    'set boot: {reboot: never} in the spec, or make your condition true where /run/toa-reboot-needed exists as well',
  );
}

/** Text that only the machine can read: a word in it is all that there is to go by. */
function judgeUnread({ text, label }: Part, ourReboot: boolean): Judgement | Problem {
  const unreadable = 'cannot be read before the machine does';
  return ourReboot && text.includes('power_state') ? refusePowerState(label, unreadable) : NOTHING;
}

function judgeJinja(part: Part, ourReboot: boolean): Judgement | Problem {
  const { text, label } = part;
  const rest = /^##\s*template:\s*jinja\s*\n([\s\S]*)$/i.exec(text)?.[1];
  // Statements and comments leave nothing behind but white space.
  const first = rest?.replace(/^(?:\s|\{%[\s\S]*?%\}|\{#[\s\S]*?#\})+/, '') ?? '';
  if (!/^(?:#cloud-config(?!-)|#!)/i.test(first)) {
    const seen =
      rest === undefined
        ? 'its first line is not ## template: jinja'
        : `what follows begins with ${JSON.stringify(first.slice(0, 40))}`;
    return refuse(
      'merge/jinja',
      `${label} is a jinja template that cloud-init would drop: ${seen}`,
      'a template must give a #cloud-config or a script: that line comes right below ## template: jinja',
    );
  }
  const judged = judgeUnread(part, ourReboot);
  return isRefusal(judged)
    ? judged
    : noting(`${label} is a jinja template: cloud-init renders it alone, toa-bake's parts are not rendered`);
}

function judgeInclude({ label }: Part, ourReboot: boolean): Judgement {
  return {
    rebootsAnyway: false,
    did: [
      `what ${label} includes is not known here; where it cannot be fetched, cloud-init may drop all user-data, toa-bake's too`,
      ...(ourReboot
        ? [`should it set power_state, that holds in place of toa-bake's reboot, unless it asks for another merge_how`]
        : []),
    ],
  };
}
