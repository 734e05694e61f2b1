import type { Look, Reader } from '../image/types.ts';
import { firstOf, isFile, linesOf, look, pathsIn, readBytes, textsOf } from './see.ts';
import type { FirewallFacts } from './types.ts';

const FILES: readonly string[] = [
  '/etc/nftables.conf',
  '/etc/sysconfig/nftables.conf',
  '/etc/iptables/rules.v4',
  '/etc/iptables/rules.v6',
  '/etc/sysconfig/iptables',
  '/etc/sysconfig/ip6tables',
  '/etc/firewalld/direct.xml',
];

const DIRECTORIES: readonly (readonly [path: string, names: RegExp])[] = [
  ['/etc/nftables.d', /./],
  ['/etc/nftables', /\.nft$/],
  ['/etc/toa', /\.(nft|sh|rules)$/],
  ['/etc/ufw', /\.rules$/],
];

const NFT_PROGRAMS: readonly string[] = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'];
const PROGRAM_LIMIT = 4 * 1024 * 1024;

/** Rules that look at TCP options, and the program that would read them. */
export function firewallFacts(reader: Reader): Promise<Look<FirewallFacts>> {
  return look(async () => {
    const listed = await Promise.all(DIRECTORIES.map(([path, names]) => pathsIn(reader, path, names)));
    const files = await textsOf(reader, [...FILES, ...listed.flat()]);
    const isRule = (line: string): boolean => /tcp option|TCPOPTSTRIP|--tcp-option/.test(line) && !line.startsWith('#');
    return { files: files.flatMap((file) => linesOf(file, isRule)), nft: await nftVersion(reader) };
  });
}

/** The program has its version as a string of its own: no package manager has to be asked. */
function nftVersion(reader: Reader): Promise<Look<string>> {
  return look(async () => {
    const path = await firstOf(NFT_PROGRAMS, (candidate) => isFile(reader, candidate));
    const program = path === undefined ? undefined : await readBytes(reader, path, PROGRAM_LIMIT);
    return program && /\0v?(\d+\.\d+(?:\.\d+)?)\0/.exec(program.toString('latin1'))?.[1];
  });
}
