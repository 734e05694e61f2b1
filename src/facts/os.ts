import { DISTRIBUTIONS } from '../catalog/distributions/index.ts';
import { Unreadable } from '../image/look.ts';
import type { Look, Reader } from '../image/types.ts';
import { firstOf, isFile, look, readPart, readText } from './see.ts';
import type { Facts, OsRelease } from './types.ts';

/** Old distributions have one line `NAME release VERSION (CODE NAME)` instead of os-release. */
const OLD_FILES: readonly string[] = ['/etc/centos-release', '/etc/redhat-release', '/etc/system-release'];

/** Which distribution it is. */
export function osRelease(reader: Reader): Promise<Look<OsRelease>> {
  return look(async () => {
    const text = (await readText(reader, '/etc/os-release')) ?? (await readText(reader, '/usr/lib/os-release'));
    if (text !== undefined) return parseOsRelease(text);
    const path = await firstOf(OLD_FILES, (file) => isFile(reader, file));
    return path === undefined ? undefined : parseOldRelease((await readText(reader, path)) ?? '');
  });
}

/** Lines KEY=value, quoted as in a shell. */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  for (const [, key = '', value = ''] of text.matchAll(/^([A-Z_0-9]+)=(.*)$/gm)) {
    values.set(key, /^(["'])(.*)\1\s*$/.exec(value)?.[2] ?? value.trim());
  }
  const name = values.get('NAME') ?? 'Linux';
  return {
    id: values.get('ID') ?? 'linux',
    versionId: values.get('VERSION_ID') ?? '',
    name,
    prettyName: values.get('PRETTY_NAME') ?? name,
  };
}

function parseOldRelease(text: string): OsRelease {
  const [prettyName = ''] = text.split('\n');
  const [, name = prettyName, versionId = ''] = /^(.*?) (?:Linux )?release ([\d.]+)/.exec(prettyName) ?? [];
  const named = DISTRIBUTIONS.find((distribution) => prettyName.startsWith(distribution.name));
  return { id: named?.osId ?? 'linux', versionId, name, prettyName };
}

const PROGRAMS: readonly string[] = ['/bin/sh', '/sbin/init', '/usr/lib/systemd/systemd', '/bin/busybox'];
const MACHINES: Readonly<Record<number, 'x86_64' | 'arm64'>> = { 62: 'x86_64', 183: 'arm64' };

/** What its programs are made for. */
export function machineOf(reader: Reader): Promise<Facts['machine']> {
  return look(async () => {
    const path = await firstOf(PROGRAMS, (file) => isFile(reader, file));
    const head = path === undefined ? undefined : await readPart(reader, path, 0, 20);
    if (head === undefined) return undefined;
    if (head.length < 20 || head.readUInt32BE(0) !== 0x7f454c46) throw new Unreadable(`${path} is not an ELF program`);
    return (head[5] === 1 && MACHINES[head.readUInt16LE(18)]) || 'other';
  });
}
