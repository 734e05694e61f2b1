/** Sessions with `validate` and `facts`, over facts that were saved. */

import { known } from '../../src/checks/look.ts';
import type { Facts } from '../../src/facts/types.ts';
import { goodFacts, kernel, liveFacts, moduleFile, pageFacts, running } from '../support/facts.ts';
import type { Case } from './cases.ts';

const saved = (facts: Facts): string => JSON.stringify(facts);
const OLD = '6.1.0-50-cloud-amd64';

const good = goodFacts();
const warned = goodFacts({
  kernels: known([kernel({ release: OLD, readers: known([]) }), kernel()]),
  hygiene: { ...good.hygiene, hostKeys: known(['/etc/ssh/ssh_host_ed25519_key']) },
});
const wrong = goodFacts({
  kernels: known([
    kernel({ release: OLD }),
    kernel({ readers: known([moduleFile({}, { vermagic: `${OLD} SMP preempt mod_unload ` })]) }),
  ]),
  loaders: known([]),
  packages: { state: 'unknown', why: '/var/lib/dpkg/status: a block outside of the disk' },
});
const untold = goodFacts({
  boot: { state: 'unknown', why: '/boot is on a partition that nothing here can read (btrfs)' },
});
const probed = liveFacts({
  running: running({
    probe: known({
      result: 'fail',
      reason: 'trusted-ipv4, kind 254: accept() shows 198.18.7.77:20002, not 192.0.2.77:5077',
      cases: [
        {
          name: 'trusted-ipv4',
          source: '198.18.7.77:20002',
          accept: '198.18.7.77:20002',
          getpeername: '198.18.7.77:20002',
          ok: false,
        },
      ],
    }),
  }),
});
/** What a hostile image may put into names and texts. */
const TRICKS = '\u001b[2J\u001b]0;x\u0007\u009b31m\u202e<script>alert(1)</script>&"\'\n\tfake: all holds \ud800 \u0000';
const hostile = goodFacts({
  os: known({ id: 'debian', versionId: '12', name: 'Debian GNU/Linux', prettyName: `Debian ${TRICKS}` }),
  hygiene: { ...good.hygiene, leftovers: known([`/tmp/${TRICKS}`]) },
});

const FILES = {
  'good.json': saved(good),
  'warned.json': saved(warned),
  'wrong.json': saved(wrong),
  'untold.json': saved(untold),
  'page.json': saved(pageFacts()),
  'probed.json': saved(probed),
  'hostile.json': saved(hostile),
  'cut.json': saved(good).slice(0, 700),
  'other.json': '{"name": "toa-bake", "version": "0.1.0"}',
  'changed.json': saved(good).replace('"state":"known"', '"state":"sure"'),
  'not-an-image': 'hello\n',
};
const spec = (lines: string): string => `version: 1\ntrust: [198.18.7.0/24]\n${lines}`;

function session(name: string, args: readonly string[], more: Partial<Case> = {}): Case {
  return { name: `validate-${name}`, files: FILES, run: [['validate', ...args]], ...more };
}

const BY_SPEC = ['--spec', 'toa.yaml'] as const;

export const VALIDATE_CASES: readonly Case[] = [
  session('good', ['good.json']),
  session('warnings', ['warned.json']),
  session('warnings-strict', ['warned.json', '--strict']),
  session('wrong', ['wrong.json']),
  session('next-kernel-unknown', ['untold.json']),
  session('by-the-page', ['page.json']),
  session('probe-fails', ['probed.json']),
  session('several', ['page.json', 'wrong.json', 'nowhere', 'good.json']),
  session('terminal-tricks', ['hostile.json', 'no\u001b[2Jwhere']),
  session('saved-facts-that-are-none', ['cut.json', 'other.json', 'changed.json']),
  session('no-image', ['not-an-image', 'empty', 'loop', ''], {
    files: { ...FILES, 'empty/x': '', loop: { link: 'loop' } },
  }),
  session('spec', ['good.json', ...BY_SPEC], { spec: spec('targets: [debian-13, debian-12]\n') }),
  session('spec-differs', ['good.json', ...BY_SPEC], {
    spec: spec('targets: [{os: debian-12, trust: [198.18.8.0/24], option: {kinds: [253]}}]\n'),
  }),
  session('spec-no-target-fits', ['good.json', ...BY_SPEC], { spec: spec('targets: [debian-13]\n') }),
  session('spec-two-targets-fit-one-machine', ['good.json', ...BY_SPEC], {
    spec: spec('targets: [debian-12, {os: debian-12, arch: arm64, method: module}]\n'),
  }),
  session('bad-spec', ['good.json', ...BY_SPEC], { spec: spec('targets: [debain-12]\n') }),
  session('bad-spec-json', ['good.json', ...BY_SPEC, '--format', 'json'], { spec: spec('targets: [debain-12]\n') }),
  session('no-spec', ['good.json', '--spec', 'elsewhere.yaml']),
  session('json', ['wrong.json', '--format', 'json']),
  session('json-of-nothing', ['nowhere', '--format', 'json']),
  session('junit', ['wrong.json', 'nowhere', '--format', 'junit']),
  session('junit-tricks', ['hostile.json', '--format', 'junit']),
  session('html', ['wrong.json', 'hostile.json', '--format', 'html']),
  session('output', ['good.json', '--format', 'json', '-o', 'report.json'], {
    run: [
      ['validate', 'good.json', '--format', 'json', '-o', 'report.json'],
      ['validate', 'good.json', '--format', 'text', '-o', 'report.json'],
    ],
  }),
  session('output-unwritable', ['good.json', '-o', 'good.json/report.txt']),
  { name: 'facts', files: FILES, run: [['facts', 'untold.json']] },
  {
    name: 'facts-output',
    files: FILES,
    run: [
      ['facts', 'untold.json', '-o', 'facts.json'],
      ['validate', 'facts.json'],
    ],
  },
  { name: 'facts-of-nothing', run: [['facts', 'nowhere']] },
  { name: 'facts-unwritable', files: FILES, run: [['facts', 'good.json', '-o', 'good.json/facts.json']] },
  { name: 'usage-validate-nothing', run: [['validate']] },
  { name: 'usage-validate-format', run: [['validate', 'x', '--format', 'yaml']] },
  { name: 'usage-facts-several', run: [['facts', 'x', 'y']] },
];
