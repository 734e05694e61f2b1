/** A Debian mirror of a few small packages that serves well or badly, and the real apt for a fake machine. */

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { type FakeMachine, KERNEL } from './fakeroot.ts';

/** How the mirror behaves; `cut-once` is good after the first time. */
export type Mood = 'good' | 'slow' | 'trickle' | 'cut-once' | 'cut' | 'other';

/** Large enough to be cut off. */
const BULK = 'x'.repeat(500_000);

/** A maintainer's script that ends dpkg, once, where /kill on the machine names it. */
const killing = (name: string) =>
  `#!/bin/sh\n[ "$(cat "$DPKG_ROOT/kill" 2>&1)" != ${name} ] || { rm "$DPKG_ROOT/kill"; kill -KILL "$PPID"; }\n`;

const PACKAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  gcc: {
    'DEBIAN/control': control('gcc', 'Depends: libgcc\n'),
    'DEBIAN/preinst': killing('preinst'),
    'DEBIAN/postinst': killing('postinst'),
    'usr/bin/gcc': BULK,
  },
  libgcc: { 'DEBIAN/control': control('libgcc'), 'usr/lib/libgcc': '\n' },
  headers: { 'DEBIAN/control': control(`linux-headers-${KERNEL}`), [`lib/modules/${KERNEL}/build/Makefile`]: '\n' },
};

function control(name: string, more = ''): string {
  return `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: test\nDescription: test\n${more}`;
}

/** A mirror on this machine's loopback. */
export class Mirror {
  readonly #server = createServer((request, response) =>
    this.#answer(request.url ?? '', request.headers.range, response),
  );
  readonly #files: ReadonlyMap<string, Buffer>;
  readonly #timers = new Set<NodeJS.Timeout>();
  mood: Mood = 'good';

  private constructor(files: ReadonlyMap<string, Buffer>) {
    this.#files = files;
  }

  static async open(): Promise<Mirror> {
    const mirror = new Mirror(await buildPackages());
    await new Promise<void>((listening) => mirror.#server.listen(0, '127.0.0.1', listening));
    return mirror;
  }

  /** Of a good mirror, or of a port that nobody listens on. */
  origin(dead = false): string {
    return `http://127.0.0.1:${dead ? 1 : (this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(url: string, range: string | undefined, response: ServerResponse): void {
    // A flat repository is asked for as ./.
    const file = this.#files.get(url.replace('/./', '/'));
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    const part = file.subarray(from);
    const bounds = from > 0 ? { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { ...bounds, 'content-length': part.length });
    this.#send(url.endsWith('/gcc.deb') ? this.mood : 'good', part, response);
  }

  #send(mood: Mood, part: Buffer, response: ServerResponse): void {
    if (mood === 'slow') setTimeout(() => response.end(part), 2000);
    else if (mood === 'other') response.end(Buffer.alloc(part.length, 'y'));
    else if (mood === 'trickle') this.#trickle(part, response);
    else if (mood === 'cut' || mood === 'cut-once') {
      if (mood === 'cut-once') this.mood = 'good';
      response.write(part.subarray(0, part.length / 2), () => setTimeout(() => response.destroy(), 100));
    } else response.end(part);
  }

  #trickle(part: Buffer, response: ServerResponse): void {
    let sent = 0;
    const timer = setInterval(() => response.write(part.subarray(sent, ++sent)), 200);
    this.#timers.add(timer);
    response.on('close', () => clearInterval(timer));
  }
}

async function buildPackages(): Promise<ReadonlyMap<string, Buffer>> {
  const home = mkdtempSync(join(tmpdir(), 'toa-bake-mirror-'));
  const files = new Map<string, Buffer>();
  let index = '';
  for (const [name, parts] of Object.entries(PACKAGES)) {
    for (const [path, content] of Object.entries(parts)) {
      mkdirSync(dirname(join(home, name, path)), { recursive: true });
      writeFileSync(join(home, name, path), content, { mode: 0o755 });
    }
    await execa('dpkg-deb', ['-Znone', '--root-owner-group', '-b', name, `${name}.deb`], { cwd: home });
    const bytes = readFileSync(join(home, `${name}.deb`));
    const sum = createHash('sha256').update(bytes).digest('hex');
    files.set(`/${name}.deb`, bytes);
    index += `${parts['DEBIAN/control']}Filename: ./${name}.deb\nSize: ${bytes.length}\nSHA256: ${sum}\n\n`;
  }
  files.set('/Packages', Buffer.from(index));
  rmSync(home, { recursive: true });
  return files;
}

/** Makes apt-get and dpkg of a fake machine the real ones, which work below its root and know one mirror. */
export function useRealApt(machine: FakeMachine, origin: string): void {
  const { root } = machine;
  machine.write({
    '/etc/apt/sources.list': `deb [trusted=yes] ${origin} ./\n`,
    '/etc/apt/apt.conf.d/.keep': '',
    '/var/lib/apt/lists/partial/.keep': '',
    '/var/cache/apt/archives/partial/.keep': '',
    '/var/log/apt/.keep': '',
  });
  if (!machine.has('/var/lib/dpkg/status')) {
    machine.write({ '/var/lib/dpkg/status': '', '/var/lib/dpkg/info/.keep': '', '/var/lib/dpkg/updates/.keep': '' });
  }
  const dpkg = ['--root=', '--force-not-root', '--force-script-chrootless'].map((option, i) =>
    i ? option : option + root,
  );
  machine.steer({
    'apt.conf': [
      `Dir "${root}";`,
      `Dir::State::status "${root}/var/lib/dpkg/status";`,
      'Dir::Bin::methods "/usr/lib/apt/methods";',
      'Dir::Bin::dpkg "/usr/bin/dpkg";',
      'APT::Architecture "amd64";',
      'APT::Sandbox::User "root";',
      'Acquire::Languages "none";',
      'Dpkg::Use-Pty "false";',
      ...dpkg.map((option) => `DPkg::Options:: "${option}";`),
      '',
    ].join('\n'),
  });
}
