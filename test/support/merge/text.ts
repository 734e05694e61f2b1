/** Pieces of user-data for tests. */

import { gzipSync } from 'node:zlib';

/** Has every key that ours has too, but power_state. */
export const CONFIG = `#cloud-config
packages: [tree]
write_files:
- path: /srv/file
  content: |
    theirs
  permissions: '0640'
runcmd:
- [touch, /srv/command]
- echo theirs >>/srv/command
`;

/** A part as mail programs write them. */
export function part(type: string, body: string, filename?: string, encoding?: string): string {
  const name = filename === undefined ? '' : `Content-Disposition: attachment; filename="${filename}"\n`;
  const transfer = encoding === undefined ? '' : `Content-Transfer-Encoding: ${encoding}\n`;
  return `Content-Type: ${type}; charset="utf-8"\nMIME-Version: 1.0\n${transfer}${name}\n${body}`;
}

/** A message of such parts. */
export function message(parts: readonly string[], boundary = '===============7330845974216740156=='): string {
  const head = `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n`;
  return `${head}\n${parts.map((text) => `--${boundary}\n${text}\n`).join('')}--${boundary}--\n`;
}

/** What renderUserData gives, with a payload that only says how it was called and ends with 7. */
export function oursOf(reboot: boolean): string {
  const payload = gzipSync('echo "ran $*"\nexit 7\n', { level: 9 }).toString('base64');
  return `#cloud-config
# toa-bake: debian-12, method module, option kinds 254, trust 1 network(s)
# payload sha256 ${'5'.repeat(64)}
# the script below carries every file it installs: base64 -d | gunzip
write_files:
  - path: /var/lib/toa/install-toa.sh
    owner: root:root
    permissions: '0700'
    encoding: gz+b64
    content: ${payload}
runcmd:
  - - sh
    - /var/lib/toa/install-toa.sh
    - all
${reboot ? 'power_state:\n  mode: reboot\n  condition:\n    - test\n    - -e\n    - /run/toa-reboot-needed\n' : ''}`;
}
