import type { Evidence, Facts, Loader } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import { derive, given, isSurelyAbsent, known, orElse } from './look.ts';
import type { Expectation, Verdict } from './types.ts';
import { fails, holds, skipped } from './verdict.ts';

type Hindrance = 'unread' | 'not-executable' | 'not-enabled';

/** What would load one of the readers at boot. */
export function readerLoaders(facts: Facts, expected: Expectation): Look<readonly Loader[]> {
  // What toa-setup loads counts as toa, whatever it is.
  const names = expected.programs ? ['toa'] : expected.readers;
  return derive(orElse(facts.loaders, []), (loaders) =>
    known(loaders.filter((loader) => loader.loads.some((entry) => names.includes(moduleName(entry))))),
  );
}

/** `toa` of `toa`, and of `/lib/modules/RELEASE/extra/toa.ko.xz`. */
export function moduleName(entry: string): string {
  return entry.replace(/^.*\//, '').replace(/\.ko(\.\w+)?$/, '');
}

/** Whether nothing keeps it from taking effect. For how grave a failure is. */
export function isSurelyEffective(loader: Loader): boolean {
  return isSurelyAbsent(loader.hindrance);
}

export function evidenceOf({ path, line, text }: Loader): Evidence {
  return { path, line, text };
}

const MEND: Readonly<Partial<Record<Hindrance, (path: string) => string>>> = {
  'not-executable': (path) => `chmod 755 ${path}`,
  'not-enabled': (path) => `systemctl enable ${path.replace(/^.*\//, '')}`,
};

/** A verdict for each loader about one way of having no effect. Where another works, the dead one is only misleading. */
export function judgeHindrance(facts: Facts, expected: Expectation, kind: Hindrance): readonly Verdict[] {
  return given(readerLoaders(facts, expected), (loaders) =>
    loaders.length === 0
      ? skipped('nothing loads a reader at boot')
      : loaders.flatMap((loader) =>
          given(orElse(loader.hindrance, null), (hindrance) => {
            if (hindrance?.kind !== kind) return holds(`${loader.path}: not so`, [evidenceOf(loader)]);
            const severity = loaders.some(isSurelyEffective) ? 'warning' : 'error';
            return fails(`${loader.path} has no effect at boot: ${hindrance.why}`, {
              severity,
              evidence: [evidenceOf(loader)],
              hint: MEND[kind]?.(loader.path),
            });
          }),
        ),
  );
}
