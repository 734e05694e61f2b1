import { createHash } from 'node:crypto';
import type { Layout } from '../support/cli.ts';
import { VALIDATE_CASES } from './validate-cases.ts';

/** A session with the program in a folder of its own. */
export interface Case {
  /** What it shows; the transcript is NAME.EXITCODE.txt, the exit code being the last command's. */
  readonly name: string;
  /** The spec, toa.yaml; left out: none. */
  readonly spec?: string | Uint8Array;
  /** Other files that are there. */
  readonly files?: Layout;
  /** Each command's arguments; `!` first: shell-like steps of the table in the test. */
  readonly run: readonly (readonly string[])[];
}

const GOOD = `version: 1
trust: [198.18.7.0/24]
clouds: [azure]
targets: [debian-12]
`;

/** GOOD with lines of it replaced, or more below. */
function spec(changes: Readonly<Record<string, string>>): string {
  const { more = '', ...lines } = changes;
  return GOOD.replace(/^(\w+):.*$/gm, (line, key: string) => lines[key] ?? line) + more;
}

/** Networks that compress badly, always the same. */
function networks(count: number): string {
  let seed = 7;
  const next = (): number => {
    seed = (seed * 48271) % 2147483647;
    return seed;
  };
  return Array.from(
    { length: count },
    (_, i) => `  - ${(next() % 100) + 11}.${i >> 8}.${i & 255}.${(next() % 64) * 4}/30`,
  ).join('\n');
}

const HASH = '0'.repeat(64);
const MODULE = createHash('sha256').update('a module\n').digest('hex');

/** Method prebuilt, with modules by these paths, one a kernel; each is pinned as the same content. */
function byPath(...paths: readonly string[]): string {
  const file = (path: string, i: number): string =>
    `      - {path: ${JSON.stringify(path)}, sha256: "${MODULE}", role: module, release: 6.1.0-${40 + i}-amd64}\n`;
  return spec({
    trust: 'trust: any',
    targets: `targets:\n  - os: debian-12\n    method: prebuilt\n    files:\n${paths.map(file).join('')}`,
  });
}

/** A bad spec, whose plan is asked for. */
const BAD: Readonly<Record<string, string | Uint8Array>> = {
  empty: '',
  'comments-only': '# to be written\n',
  'syntax-error': 'version: 1\ntrust: [198.18.7.0/24\ntargets: [debian-12]\n',
  'two-keys-on-a-line': spec({ trust: 'trust: any: true' }),
  'tab-as-indentation': 'version: 1\ntrust:\n\t- 198.18.7.0/24\ntargets: [debian-12]\n',
  'duplicate-key': spec({ more: 'boot:\n  reboot: never\n  reboot: if-needed\n' }),
  'second-document': `${GOOD}---\n${GOOD}`,
  'not-utf8': Buffer.concat([Buffer.from(GOOD), Buffer.from([0x23, 0xff, 0x0a])]),
  'nested-without-end': spec({ trust: `trust: ${'['.repeat(200)}` }),
  'aliases-without-end': spec({ more: `x: [${'*a, '.repeat(2000)}]\n` }),
  'tags-without-end': spec({ more: `x: [${'!a b, '.repeat(2000)}]\n` }),
  'levels-without-end': spec({ trust: `trust: ${'- '.repeat(100_000)}x` }),
  'file-without-end': `${GOOD}# ${'x'.repeat(2_000_000)}\n`,
  'unknown-tag': spec({ trust: 'trust: !secret networks' }),
  'unknown-alias': spec({ trust: 'trust: *networks' }),
  'alias-of-itself': spec({ trust: 'trust: &networks [*networks]' }),
  'aliases-that-multiply': spec({
    more: 'a: &a [x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c]\n',
  }),
  'unknown-key': spec({ more: 'targts: [debian-13]\n' }),
  'unknown-key-in-a-block-target': spec({ targets: 'targets:\n  - os: debian-12\n    boot:\n      reboots: never' }),
  'unknown-key-in-a-flow-target': spec({ targets: 'targets: [debian-13, {os: debian-12, secureboot: enforced}]' }),
  'merge-key': spec({ targets: 'targets:\n  - <<: {arch: arm64}\n    os: debian-12' }),
  'wrong-types': spec({ targets: 'targets: [12, null, [debian-12]]', more: 'boot: never\noption: {kinds: 254}\n' }),
  'numbers-as-yaml-reads-them': spec({ more: 'option: {kinds: [010, 0xfe, 2.54]}\n', version: 'version: "1"' }),
  'unknown-value': spec({ more: 'method: modul\nclouds2: []\narch: aarch64\n' }),
  'everything-missing': 'clouds: []\n',
  'trust-missing': spec({ trust: '' }),
  'networks-that-are-none': spec({
    trust:
      'trust: [198.18.7.1/24, 198.18.7.9, 198.18.7.0/33, 2001:db8:1::1/48, "2001:db8::/129", ::1, 198.18.7.0/024, scrubber.example]',
  }),
  'trust-is-one-network': spec({ trust: 'trust: 198.18.7.0/24' }),
  'network-twice': spec({ trust: 'trust: [198.18.7.0/24, 198.18.7.0/24]' }),
  'unknown-distribution': spec({ targets: 'targets:\n  - debain-12\n  - {os: ubuntu-24.4}' }),
  'terminal-tricks': spec({ targets: 'targets: ["debian-12\\e[2J\\u009b31m\\u202e"]' }),
  'http-url': spec({ more: `payload: {url: "http://example.com/toa.tar", sha256: "${HASH}"}\n` }),
  'payload-without-url': spec({ more: `payload: {sha256: "${HASH}"}\n` }),
  'payload-of-two-targets': spec({
    targets: 'targets: [debian-12, debian-13, {os: debian-11, payload: {url: "https://example.com/debian-11.sh"}}]',
    more: 'payload: {url: "https://example.com/install-toa.sh"}\n',
  }),
  'files-without-source': spec({
    more: `method: source
files:
  - {url: "https://example.com/toa.tar.gz", role: source}
  - {role: source, sha256: "${HASH}"}
  - {url: "https://example.com/toa.tar.gz", path: toa.tar.gz, role: source, sha256: ABC}
`,
  }),
  'file-from-two-places-or-none': spec({
    more: `files:
  - {url: "https://example.com/toa.ko", path: toa.ko, role: module, sha256: "${HASH}"}
  - {role: module, sha256: "${HASH}"}
`,
  }),
  'files-that-do-not-fit-the-method': spec({
    trust: 'trust: any',
    targets: `targets:
  - {os: debian-12, files: [{url: "https://example.com/toa.ko", role: module, sha256: "${HASH}"}]}
  - {os: debian-13, method: source}
  - {os: debian-11, method: prebuilt, files: [{url: "https://example.com/toa.ko", role: module, sha256: "${HASH}"}]}
  - {os: ubuntu-24.04, method: prebuilt, files: [{path: toa.ko, role: module, release: 6.8.0-40-generic, sha256: "${HASH}"}]}
  - os: ubuntu-22.04
    method: source
    files:
      - {url: "https://example.com/a.tar", role: source, sha256: "${HASH}", layout: {directory: ../a, make: ["A=$(x)"], module: a-b}}
`,
  }),
  'signing-without-its-other-half': spec({
    targets:
      'targets: [{os: debian-12, signing: {key: k.pem}}, {os: debian-13, signing: {certificate: c.pem, onMachine: true}}, {os: debian-11, signing: {}}]',
  }),
  'signing-without-a-key-for-later-kernels': spec({
    more: 'secureBoot: enforced\nsigning: {key: k.pem, certificate: c.pem}\n',
  }),
  'target-twice': spec({ targets: 'targets: [debian-12, {os: debian-12, boot: {reboot: never}}]' }),
  'no-proven-method': spec({ targets: 'targets: [debian-8, alinux-3, {os: debian-13, arch: arm64}]' }),
  'methods-that-cannot-be-had': spec({
    targets: 'targets: [{os: debian-12, method: vtoa}, {os: centos-7, method: rpm}]',
  }),
  'secure-boot': spec({
    targets: 'targets: [{os: debian-12, method: module}, ubuntu-18.04]',
    more: 'secureBoot: enforced\n',
  }),
  'no-such-architecture': spec({ targets: 'targets: [{os: centos-6, method: module, arch: arm64}]' }),
  'faults-of-every-stage-at-once': spec({
    trust: 'trust: [198.18.7.1/24]',
    targets: 'targets: [debian-12, debain-12, {os: debian-13, method: vtoa}]',
    more: 'bot: {}\n',
  }),
  'same-fault-inherited-by-all': spec({
    targets: 'targets: [debian-11, debian-12, debian-13]',
    more: 'signing: {key: k.pem, certificate: c.pem}\n',
  }),
};

/** User-data that cannot be merged with ours. */
const UNMERGEABLE: Readonly<Record<string, string | Uint8Array>> = {
  binary: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0xff, 0),
  empty: '',
  'of-no-known-kind': 'echo hello\n',
  'broken-yaml': '#cloud-config\npackages: [nginx\nruncmd: []\n',
  'cut-off-mime': 'Content-Type: multipart/mixed; boundary="b"\nMIME-Version: 1.0\n\n--c\n\n#!/bin/sh\n',
  'jinja-of-mime': '## template: jinja\nContent-Type: multipart/mixed; boundary="b"\nMIME-Version: 1.0\n\n--b--\n',
  'power-off': '#cloud-config\npower_state: {mode: poweroff, condition: [test, -e, /x]}\n',
  'without-scripts': '#cloud-config\ncloud_final_modules: [phone-home]\n',
};

export const CASES: readonly Case[] = [
  ...Object.entries(UNMERGEABLE).map(([name, theirs]) => ({
    ...{ name: `merge-${name}`, spec: GOOD, files: { theirs } },
    run: [['render', '--merge', 'theirs']],
  })),
  {
    name: 'merge',
    spec: GOOD,
    files: { theirs: '#cloud-config\npackages: [nginx]\nruncmd: [[touch, /x]]\n' },
    run: [
      ['render', '--merge', 'theirs'],
      ['render', '--merge', 'nothing'],
    ],
  },
  { name: 'usage-merge-into-nothing', spec: GOOD, run: [['render', '--only', 'script', '--merge', 'toa.yaml']] },
  {
    name: 'merge-twice',
    spec: GOOD,
    run: [
      ['render', '--only', 'cloud-init'],
      ['render', '--merge', 'out/debian-12/cloud-init/user-data'],
    ],
  },
  {
    name: 'render-packer-without-source',
    spec: spec({ targets: 'targets: [{os: debian-12, arch: arm64}]' }),
    run: [['render'], ['render', '--only', 'packer']],
  },
  ...Object.entries(BAD).map(([name, text]) => ({ name: `bad-${name}`, spec: text, run: [['plan']] })),
  { name: 'bad-json', spec: spec({ trust: 'trust: [198.18.7.1/24]' }), run: [['plan', '--json']] },
  { name: 'init', run: [['init'], ['plan']] },
  {
    name: 'init-trust-any',
    run: [
      ['init', '-o', 'any.yaml', '--os', 'debian-12', 'debian-13', '--trust', 'any'],
      ['plan', 'any.yaml'],
    ],
  },
  { name: 'init-bad-options', run: [['init', '--os', 'debain-12', '--trust', '198.18.7.1/24', 'any']] },
  { name: 'init-never-overwrites', spec: GOOD, run: [['init']] },
  { name: 'init-force', spec: GOOD, run: [['init', '--force']] },
  { name: 'plan', spec: GOOD, run: [['plan']] },
  {
    name: 'plan-unproven-and-script-only',
    spec: spec({
      targets: 'targets: [{os: centos-6, method: module}]',
      trust: 'trust: any',
      more: 'boot: {reboot: never, onFailure: fail}\n',
    }),
    run: [['plan']],
  },
  {
    name: 'plan-with-a-packet-filter',
    spec: spec({ targets: 'targets: [alinux-3, debian-12]', more: 'untrusted: drop\n' }),
    run: [['plan']],
  },
  {
    name: 'plan-of-the-vendor-page',
    spec: spec({
      trust: 'trust: any',
      targets: `targets:
  - alinux-3
  - {os: centos-7, method: source, files: [{url: "https://example.com/toa.tar.gz", sha256: "${HASH}", role: source}]}
  - os: debian-12
    method: prebuilt
    files: [{url: "https://example.com/toa.ko", sha256: "${HASH}", role: module, release: 6.1.0-40-amd64}]
  - os: debian-11
    method: source
    files:
      - url: https://example.com/reader.tar
        sha256: "${HASH}"
        role: source
        layout: {directory: src, make: [CONFIG_READER=m], module: reader}`,
    }),
    run: [['plan']],
  },
  {
    name: 'plan-signing',
    spec: spec({
      targets: `targets:
  - {os: debian-12, signing: {onMachine: true}}
  - {os: debian-13, signing: {key: k.pem, certificate: c.pem}, kernel: {onUpgrade: hold}}
  - {os: ubuntu-24.04, method: ebpf, signing: {onMachine: true}}`,
      more: 'secureBoot: enforced\n',
    }),
    run: [['plan']],
  },
  { name: 'plan-without-spec', run: [['plan']] },
  { name: 'plan-a-directory', files: { 'specs/x': '' }, run: [['plan', 'specs']] },
  { name: 'render', spec: GOOD, run: [['render'], ['render'], ['render', '--check']] },
  { name: 'render-bad-spec', spec: spec({ trust: 'trust: [198.18.7.1/24]' }), run: [['render']] },
  {
    name: 'render-only-script',
    spec: spec({ targets: 'targets: [debian-12, debian-13]' }),
    run: [['render', '-o', 'scripts', '--only', 'script']],
  },
  { name: 'render-check-missing', spec: GOOD, run: [['render', '--check']] },
  {
    name: 'render-check-drift',
    spec: GOOD,
    run: [['render'], ['!edit', 'out/debian-12/script/install-toa.sh'], ['render', '--check']],
  },
  {
    name: 'render-keeps-what-was-edited',
    spec: GOOD,
    run: [['render'], ['!edit', 'out/debian-12/cloud-init/user-data'], ['render']],
  },
  {
    name: 'render-keeps-what-is-not-ours',
    spec: GOOD,
    files: { 'out/debian-12/cloud-init/user-data': '#cloud-config\n' },
    run: [['render']],
  },
  {
    name: 'render-force',
    spec: GOOD,
    files: { 'out/debian-12/cloud-init/user-data': '#cloud-config\n' },
    run: [['render', '--force']],
  },
  { name: 'render-below-a-file', spec: GOOD, run: [['render', '-o', 'toa.yaml/out']] },
  {
    name: 'render-directory-is-a-link',
    spec: GOOD,
    files: { 'elsewhere/x': '', out: { link: 'elsewhere' } },
    run: [['render'], ['render', '--force']],
  },
  {
    name: 'render-over-a-clouds-limit',
    spec: spec({ clouds: 'clouds: [aws-ec2, tencent-cvm]', trust: `trust:\n${networks(6000)}` }),
    run: [['render']],
  },
  {
    name: 'render-fits-a-cloud-compressed',
    spec: spec({
      clouds: 'clouds: [aws-ec2]',
      trust: 'trust: any',
      more: `method: source\nfiles: [{url: "https://example.com/toa.tar.gz", sha256: "${HASH}", role: source}]\n`,
    }),
    run: [['render', '-o', 'out']],
  },
  {
    name: 'render-near-a-clouds-limit',
    spec: spec({ clouds: 'clouds: [alibaba-ecs]', trust: `trust:\n${networks(700)}` }),
    run: [['render']],
  },
  {
    name: 'render-fetched-payload',
    spec: spec({
      clouds: 'clouds: [tencent-cvm]',
      more: 'payload: {url: "https://example.com/install-toa.sh"}\n',
    }),
    run: [['plan'], ['render'], ['render', '--check'], ['render', '--only', 'script']],
  },
  {
    name: 'render-fetched-payload-that-changed',
    spec: spec({ more: `payload: {url: "https://example.com/install-toa.sh", sha256: "${HASH}"}\n` }),
    run: [
      ['render', '--only', 'script'],
      ['render', '--only', 'terraform'],
    ],
  },
  {
    name: 'render-file-by-path',
    spec: byPath('files/häß lich.ko'),
    files: { 'files/häß lich.ko': 'a module\n' },
    run: [
      ['plan'],
      ['render'],
      ['render', '--check'],
      ['render', '--only', 'packer'],
      ['render', '--only', 'terraform'],
    ],
  },
  {
    name: 'render-signing',
    spec: spec({
      more: 'secureBoot: enforced\nsigning: {key: keys/k.pem, certificate: keys/c.pem, onMachine: true}\n',
    }),
    run: [['render'], ['render', '--check'], ['render', '--only', 'cloud-init']],
  },
  {
    name: 'render-file-by-path-and-merge',
    spec: byPath('toa.ko'),
    files: { 'toa.ko': 'a module\n', theirs: '#!/bin/sh\n' },
    run: [['render', '--merge', 'theirs']],
  },
  {
    name: 'render-files-that-cannot-be-read',
    spec: byPath(
      ...[
        'none.ko',
        'a-folder',
        'empty.ko',
        'other.ko',
        '../toa-bake-elsewhere/toa.ko',
        '/dev/null',
        'circle.ko',
        'other.ko/toa.ko',
      ],
      ...['link.ko', 'good.ko'],
    ),
    files: {
      'a-folder/toa.ko': 'a module\n',
      'empty.ko': '',
      'other.ko': 'another module\n',
      'circle.ko': { link: 'circle.ko' },
      'link.ko': { link: 'good.ko' },
      'good.ko': 'a module\n',
    },
    run: [['plan'], ['render'], ['render', '--check']],
  },
  { name: 'targets', run: [['targets']] },
  { name: 'explain', run: [['explain', 'spec/network']] },
  { name: 'explain-unknown', run: [['explain', 'spec/netwrk']] },
  { name: 'explain-constructor', run: [['explain', 'constructor']] },
  { name: 'help', run: [['--help']] },
  ...['init', 'plan', 'render', 'validate', 'facts', 'targets', 'explain'].map((command) => ({
    name: `help-${command}`,
    run: [['help', command]],
  })),
  { name: 'usage-no-command', run: [[]] },
  { name: 'usage-unknown-command', run: [['rendr']] },
  { name: 'usage-unknown-option', run: [['render', '--chek']] },
  { name: 'usage-unknown-kind', run: [['render', '--only', 'ansible']] },
  { name: 'usage-too-many', run: [['plan', 'a.yaml', 'b.yaml']] },
  { name: 'usage-empty-output', run: [['render', '-o', '']] },
  { name: 'usage-terminal-tricks', run: [['--\u001b[31m']] },
  { name: 'usage-explain-nothing', run: [['explain']] },
  ...VALIDATE_CASES,
];
