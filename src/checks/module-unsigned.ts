import type { Facts, KernelFacts, ModuleElf } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import { eachElf } from './elf.ts';
import { all, derive, given, ifKnown, known, orElse } from './look.ts';
import type { Check, Expectation, Verdict } from './types.ts';
import { fails, file, holds, skipped, unknown } from './verdict.ts';

export const moduleUnsigned: Check = {
  code: 'module/unsigned',
  severity: 'error',
  judge: (facts, expected) =>
    eachElf(facts, expected, (elf, { path }, kernel) =>
      given(all(enforcement(facts, kernel, expected), wasTaken(facts, kernel, elf)), ([why, taken]) =>
        judgeSignature(elf, path, why, taken),
      ),
    ),
};

function judgeSignature(elf: ModuleElf, path: string, why: string | null | undefined, taken: boolean): Verdict {
  if (why === null) return skipped('nothing enforces signatures');
  const evidence = [file(path, elf.signed ? `signer=${elf.signer ?? ''}` : '')];
  if (why === undefined) {
    return elf.signed
      ? holds(`${path} is signed`, evidence)
      : unknown(
          `${path} is not signed, and the kernel's configuration is not here to say whether it must be`,
          evidence,
        );
  }
  if (!elf.signed) return fails(`${path} is not signed, and ${why}`, { evidence });
  const signed = `${path} is signed by ${elf.signer ?? 'somebody'}`;
  return taken
    ? holds(`${signed}, and the kernel that runs takes signed modules only and has it`, evidence)
    : unknown(`${signed}; whether the firmware knows that key shows only there`, evidence);
}

/** Whether it is loaded where nothing unsigned is taken: then the kernel knows the key. */
function wasTaken(facts: Facts, { release }: KernelFacts, { name }: ModuleElf): Look<boolean> {
  return derive(all(orElse(facts.running, null), lockdown(facts)), ([now, locked]): Look<boolean> => {
    if (now?.release !== release || locked === '') return known(false);
    const loaded: Look<readonly string[]> = orElse(now.loaded, []);
    return derive(loaded, (names) => known(names.includes(name)));
  });
}

/** What makes the kernel refuse unsigned modules; null: nothing; undefined: there is no configuration to ask. */
function enforcement(facts: Facts, kernel: KernelFacts, expected: Expectation): Look<string | null | undefined> {
  if (ifKnown(expected.secureBoot) === 'enforced') return known('the spec says that Secure Boot is enforced');
  return derive(all(orElse(facts.secureBoot, null), orElse(kernel.config, null), lockdown(facts)), (seen) => {
    const [secureBoot, config, locked] = seen;
    const [by] = secureBoot?.enforcedBy ?? [];
    if (by) return known(`${by.path} says ${by.text}`);
    if (locked) return known(`the running kernel is locked down (${locked})`);
    if (!config) return known(undefined);
    const forced = FORCING.find((key) => config[key] === 'y');
    return known(forced ? `the kernel is built with ${forced}` : null);
  });
}

const FORCING = [
  'CONFIG_MODULE_SIG_FORCE',
  'CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY',
  'CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY',
] as const;

/** `none [integrity] confidentiality` -> `integrity`; empty: not locked down, or not running. */
function lockdown({ running }: Facts): Look<string> {
  return derive(orElse(running, null), (now) =>
    derive(orElse(now ? now.lockdown : known(''), ''), (text) =>
      known(/\[?(integrity|confidentiality)\]?/.exec(text.replace(/^.*\[(\w+)\].*$/, '$1'))?.[1] ?? ''),
    ),
  );
}
