import { readerLoaders } from './loaders.ts';
import { all, given, orElse } from './look.ts';
import type { Check } from './types.ts';
import { fails, file, holds, skipped } from './verdict.ts';

export const setupIncomplete: Check = {
  code: 'setup/incomplete',
  severity: 'error',
  judge: (facts, expected) =>
    given(readerLoaders(facts, expected), (loaders) => {
      if (!loaders.some(({ path, text }) => OURS.test(path) || OURS.test(text)))
        return skipped('toa-setup loads nothing');
      return given(all(orElse(facts.setup.files, []), orElse(facts.setup.env, null)), ([files, env]) => {
        const needed = expected.programs ? [...NEEDED, ...PROGRAMS] : NEEDED;
        const missing = needed.filter((path) => !files.some((found) => found.path === path));
        const program = files.find(({ path }) => path === PROGRAM);
        const faults = [
          ...missing.map((path) => `${path} is missing`),
          ...(env === null ? ['/etc/toa/toa.env is missing'] : []),
          ...files
            .filter(({ sha256, installed }) => installed !== undefined && installed !== sha256)
            .map(({ path }) => `${path} is not as it was installed`),
          ...(program && !(program.mode & 0o100) ? [`${PROGRAM} is not executable`] : []),
        ];
        return faults.length === 0
          ? holds(`${PROGRAM} and its parts are there`, [file(PROGRAM)])
          : fails(`toa-setup loads the reader at boot, and ${faults.join(', ')}`);
      });
    }),
};

const OURS = /toa-setup|\/toa\.service$/;
const PROGRAM = '/usr/local/sbin/toa-setup';
/** What `toa-setup load` reads besides its plan. */
const NEEDED = [PROGRAM, '/usr/local/lib/toa/method.sh', '/usr/local/lib/toa/packages.sh'];
const PROGRAMS = ['/usr/local/lib/toa/toa-bpf', '/usr/local/lib/toa/toa.bpf'];
