import type { Evidence, Facts, ModuleElf } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import { commandLine, valuesOf } from './command-line.ts';
import { nextReaders } from './kernels.ts';
import { all, derive, given, known, orElse } from './look.ts';
import type { Expectation, Verdict } from './types.ts';
import { file } from './verdict.ts';

/** A value for the reader, and where it is set. */
export interface Setting {
  readonly values: readonly string[];
  readonly evidence: Evidence;
}

/** Each place where a setting of the reader may stand; absent: it does not stand there. */
type Places = readonly Look<Setting>[];

/** Where the option kinds are set: by toa-setup, by modprobe, on the command line, and in the running kernel. */
export function kindSettings(facts: Facts, expected: Expectation): Places {
  return [
    derive(facts.setup.env, (env) =>
      setting(env.TOA_KINDS?.split(','), file('/etc/toa/toa.env', `TOA_KINDS=${env.TOA_KINDS}`)),
    ),
    ...moduleOptions(facts, expected, 'kinds'),
    derive(facts.running, ({ kinds }) =>
      derive(kinds, (now) => setting(now.map(String), file('/sys/module/toa/parameters/kinds', now.join(',')))),
    ),
  ];
}

/** Where the trusted networks are set. */
export function trustSettings(facts: Facts, expected: Expectation): Places {
  return [
    derive(facts.setup.trusted, (list) => setting(list, file('/etc/toa/trusted', list.join(' ')))),
    ...moduleOptions(facts, expected, 'trusted'),
    derive(facts.running, ({ trusted }) =>
      derive(trusted, (now) => setting(now, file('/sys/module/toa/parameters/trusted', now.join(',')))),
    ),
  ];
}

/** A parameter in modprobe.d (the last line counts), and on the kernel's command line. */
function moduleOptions(facts: Facts, expected: Expectation, parameter: string): Places {
  return [
    derive(orElse(facts.modprobe, null), (modprobe) => {
      const lines = modprobe?.options.filter(({ module }) => expected.readers.includes(module)) ?? [];
      const line = lines.findLast(({ parameters }) => parameter in parameters);
      return line
        ? setting(line.parameters[parameter]?.split(','), { path: line.path, line: line.line, text: line.text })
        : { state: 'absent' };
    }),
    derive(commandLine(facts), (words) => {
      const values = expected.readers.flatMap((name) => valuesOf(words, `${name}.${parameter}`));
      return setting(values.length > 0 ? values : undefined, file("the kernel's command line", values.join(',')));
    }),
  ];
}

function setting(values: readonly string[] | undefined, evidence: Evidence): Look<Setting> {
  return values ? known({ values, evidence }) : { state: 'absent' };
}

/** A verdict for each place where it is set. */
export function eachSetting(places: Places, judge: (setting: Setting) => Verdict): readonly Verdict[] {
  return places.flatMap((place) => given(orElse(place, null), (found) => (found ? judge(found) : [])));
}

/** What the next kernel's undamaged readers say of themselves. Absent: it has none. */
export function nextElves(facts: Facts, expected: Expectation): Look<readonly ModuleElf[]> {
  return derive(nextReaders(facts, expected), (files) => {
    const whole = files.filter((reader) => reader.damage === null);
    return whole.length > 0 ? all(...whole.map((reader) => reader.elf)) : { state: 'absent' };
  });
}
