/** User-data of every form that cloud-init takes, with what people really write in them; all of it can be merged. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CONFIG, message, part } from './text.ts';

const SCRIPT = '#!/bin/sh\necho theirs >/srv/theirs\nexit 3\n';

/** What it is sent, a part handler of these cases leaves where the judge looks. */
const handler = (...types: readonly string[]): string => `#part-handler
import os
def list_types():
    return ${JSON.stringify(types)}
def handle_part(data, ctype, filename, payload):
    with open(os.environ["JUDGE"] + "/cloud/seen/handler", "a") as out:
        out.write(repr((ctype, payload)))
`;

const CONFIGS: Readonly<Record<string, string>> = {
  'config: files, packages and commands': CONFIG,
  'config: commands that end the script':
    '#cloud-config\nruncmd:\n- set -e\n- [sh, -c, "echo one"]\n- exit 0\n- echo never\n',
  'config: reboots for itself': '#cloud-config\nruncmd: [echo one]\npower_state: {mode: reboot}\n',
  'config: powers off, later': '#cloud-config\npower_state:\n  delay: 30\n  mode: poweroff\n  condition: true\n',
  'config: its condition also asks for us':
    '#cloud-config\npower_state: {mode: reboot, condition: test -e /run/mine -o -e /run/toa-reboot-needed}\n',
  'config: its own merge_how': `${CONFIG}merge_how: "dict(no_replace,recurse_list)+list(append)+str()"\n`,
  'config: its own merge_how, as a list':
    '#cloud-config\nmerge_how:\n - name: list\n   settings: [prepend]\n - name: dict\n   settings: [no_replace, recurse_list]\nruncmd: [a]\n',
  'config: merge_type without dict': '#cloud-config\nmerge_type: list(append)\nruncmd: [a]\n',
  'config: commands that are no list': '#cloud-config\nruncmd: echo one\nwrite_files: null\n',
  'config: nothing in it': '#cloud-config\n# packages: [vim]\n',
  'config: YAML 1.1':
    '#cloud-config\nbase: &base {on: yes, mode: 0644, at: 12:30:45}\nmine:\n  <<: *base\n  off: no\nday: 2026-11-23\nuser: twice\n',
  'config: Chinese': '#cloud-config\nwrite_files:\n- {path: /etc/motd, content: "欢迎 🎉 — naïve"}\n',
  'config: CRLF': '#cloud-config\r\nruncmd:\r\n- echo one\r\n- |\r\n  two\r\n  lines\r\n',
  'config: blank lines before, capitals': '\n  \n#Cloud-Config\nruncmd: [echo one]\n',
  'config: mail in a file':
    '#cloud-config\nwrite_files:\n- path: /root/mail\n  content: |\n    MIME-Version: 1.0\n    Content-Type: multipart/mixed; boundary="x"\n\n    --x\n    --x--\n',
  'config: its own module list': '#cloud-config\ncloud_final_modules: [[scripts-user, always], power_state_change]\n',
  'json patch': '#cloud-config-jsonp\n[{"op": "add", "path": "/runcmd", "value": ["echo one"]}]\n',
  archive: `#cloud-config-archive\n- ${JSON.stringify(CONFIG)}\n- type: text/x-shellscript\n  filename: own.sh\n  content: ${JSON.stringify(SCRIPT)}\n- content: ${JSON.stringify(SCRIPT)}\n- {type: text/cloud-config, content: "runcmd: [two]", Merge-Type: list(append)+dict(recurse_array)}\n`,
};

const SCRIPTS: Readonly<Record<string, string>> = {
  'script: sh': SCRIPT,
  'script: Python': '#!/usr/bin/python3\nprint("$HOME {{ region }} #cloud-config")\n',
  'script: Perl, CRLF': '#!/usr/bin/perl\r\nprint "one";\r\nprint "two";\r\n',
  'script: Chinese': '#!/bin/bash\necho 欢迎\n',
  'script: long lines, no last line break': `#!/bin/sh\necho ${'x'.repeat(3000)}\necho last`,
  'script: looks like MIME inside': `#!/bin/sh\nsendmail <<END\nFrom me Mon Nov 23\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n--B\n\n#cloud-config\nruncmd: [x]\n--B--\nEND\n`,
  'script: heredoc of tabs and trailing spaces': '#!/bin/sh\ncat <<-E\n\tone  \n\t\n  \tE\n\n\n',
  boothook: '#cloud-boothook\n#!/bin/sh\necho "hook of $INSTANCE_ID" >"$JUDGE/cloud/seen/hook"\n',
  'upstart job': '#upstart-job\ndescription "mine"\n',
  'part handler': handler('text/x-mine'),
};

const JINJA: Readonly<Record<string, string>> = {
  'jinja: config':
    '## template: jinja\n#cloud-config\nhostname: web-{{ region }}\nruncmd:\n{% for i in [1, 2] %}\n- echo {{ i }}\n{% endfor %}\n',
  'jinja: script': '## template: jinja\n#!/bin/sh\necho {{ v1.region }}\n{% raw %}{{ kept }}{% endraw %}\n',
  'jinja: statements first': '## template: jinja\n{# mine #}\n{% set a = "b" %}\n#cloud-config\nhostname: {{ a }}\n',
  'jinja: left open': '## template: jinja\n#cloud-config\nhostname: "{{ region"\nruncmd: [x]\n',
};

const both = [part('text/cloud-config', CONFIG), part('text/x-shellscript', SCRIPT, 'run.sh')];
const UNEVEN = 'runcmd: [two]\nMerge-Type: x\n';

const MESSAGES: Readonly<Record<string, string>> = {
  'MIME: config and script': message(both),
  'MIME: without names': message([
    part('text/x-shellscript', SCRIPT),
    part('text/plain', CONFIG),
    part('text/plain', SCRIPT),
  ]),
  'MIME: CRLF': message(both).replaceAll('\n', '\r\n'),
  'MIME: multipart in multipart': message(
    [message(both, 'inner'), part('text/cloud-boothook', '#cloud-boothook\n#!/bin/sh\ntrue\n')],
    'in',
  ),
  'MIME: base64 and quoted-printable': message([
    part('text/cloud-config', Buffer.from(CONFIG).toString('base64'), 'a.cfg', 'base64'),
    part('text/x-shellscript', '#!/bin/sh\necho =E6=AC=A2 a=3Db =\nsame line   \n', 'b.sh', 'quoted-printable'),
  ]),
  'MIME: gzip inside': message([part('application/x-gzip', gzipSync(CONFIG).toString('base64'), 'c.gz', 'base64')]),
  'MIME: UTF-8 as it is': message([part('text/cloud-config', '#cloud-config\nhostname: größe\n', 'u', '8bit')]),
  'MIME: merges its own parts': message([
    part('text/cloud-config', CONFIG),
    part('text/cloud-config', `#cloud-config\n${UNEVEN}`).replace(
      '\n\n',
      '\nMerge-Type: list(append)+dict(recurse_array)+str()\n\n',
    ),
  ]),
  'MIME: its own parts replace each other': message([
    part('text/cloud-config', CONFIG),
    part('text/cloud-config', `#cloud-config\n${UNEVEN}`),
  ]),
  'MIME: a message of one part': `Content-Type: text/cloud-config; charset="us-ascii"\nMIME-Version: 1.0\n\n${CONFIG}`,
  'MIME: scripts by frequency': message([
    part('text/x-shellscript-per-boot', SCRIPT, 'boot.sh'),
    part('text/x-shellscript-per-instance', SCRIPT, 'instance.sh'),
    part('text/x-shellscript-per-once', SCRIPT, 'once.sh'),
  ]),
  'MIME: a handler for our types and its own': message([
    part('text/part-handler', handler('text/x-shellscript', 'text/cloud-config', 'text/x-mine')),
    part('text/x-mine', 'whatever\n'),
    ...both,
  ]),
  'MIME: launch index, unknown types, a filename in pieces': message([
    part('text/cloud-config', `${CONFIG}launch-index: 1\n`),
    part('text/upstart-job', 'start on never\n'),
    part('application/octet-stream', 'AAEC/w==', 'blob', 'base64'),
    part('text/x-shellscript', SCRIPT).replace(
      '\n\n',
      '\nContent-Disposition: attachment;\n filename="folded name.sh"\n\n',
    ),
  ]),
  'MIME: words around the parts, an unquoted boundary': `From: ops@example.com\nSubject: =?utf-8?q?cloud?=\nContent-Type: multipart/mixed;\n boundary=plain-_.B\nMIME-Version: 1.0\n\nNot for you.\n--plain-_.B\n${both[0]}\n--plain-_.B \n${both[1]}\n--plain-_.B--\nNor this.\n`,
  'MIME: an archive and a template inside': message([
    part('text/cloud-config-archive', CONFIGS.archive ?? ''),
    part('text/jinja2', JINJA['jinja: config'] ?? '', 'j'),
  ]),
};

/** All that need nothing but themselves, by name. */
export const CASES: Readonly<Record<string, string | Uint8Array>> = {
  ...CONFIGS,
  ...SCRIPTS,
  ...JINJA,
  ...MESSAGES,
  'gzip of a config': gzipSync(CONFIG),
  'gzip of MIME': gzipSync(message(both)),
};

/** What is included stands in `folder`. */
export function includeCases(folder: string): Readonly<Record<string, string>> {
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return `file://${join(folder, name)}`;
  };
  const [config, script, mime] = [file('config', CONFIG), file('script', SCRIPT), file('mime', message(both))];
  const off = file('off', `${CONFIG}power_state: {mode: poweroff, delay: 5}\n`);
  const takesAll = file('handler', handler('text/x-shellscript', 'text/cloud-config'));
  return {
    'include: a config and a script': `#include\n${config}\n# a comment\n${script}\n`,
    'include: on one line': `#include ${script}\n`,
    'include-once: MIME': `#include-once\n${mime}\n`,
    'include: it powers off': `#include\n${off}\n`,
    'include: a handler for our types': `#include\n${takesAll}\n${config}\n`,
    'include: what is not there': `#include\nfile://${join(folder, 'nowhere')}\n`,
  };
}

/** MIME messages by the tools that people make them with, from files in `folder`. */
export function toolCases(folder: string): Readonly<Record<string, string>> {
  const [config, script] = [join(folder, 'web.cfg'), join(folder, 'web.sh')];
  writeFileSync(config, CONFIG);
  writeFileSync(script, '#!/bin/sh\necho 欢迎\n');
  const made = (program: string, args: readonly string[]): string => execFileSync(program, args, { encoding: 'utf8' });
  const attached = ['-a', `${config}:cloud-config`, '-a', `${script}:x-shellscript`];
  return {
    'MIME by cloud-init devel make-mime': made('cloud-init', ['devel', 'make-mime', ...attached]),
    'MIME by write-mime-multipart': made('write-mime-multipart', [config, script]),
  };
}
