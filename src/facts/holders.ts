import type { Look, Reader } from '../image/types.ts';
import { linesOf, look, pathsIn, statOf, textsOf } from './see.ts';
import type { Evidence } from './types.ts';

/** Configuration that makes something else use a socket's sk_user_data: kTLS and sockmap. */
const LINES: readonly { readonly directory: string; readonly names: RegExp; readonly line: RegExp }[] = [
  { directory: '/etc/modules-load.d', names: /\.conf$/, line: /^tls\b/ },
  { directory: '/usr/lib/modules-load.d', names: /\.conf$/, line: /^tls\b/ },
  { directory: '/etc', names: /^modules$/, line: /^tls\b/ },
  { directory: '/etc/nginx', names: /^nginx\.conf$/, line: /^ssl_conf_command\s+Options\s+.*\bKTLS\b/i },
  { directory: '/etc/nginx/conf.d', names: /\.conf$/, line: /^ssl_conf_command\s+Options\s+.*\bKTLS\b/i },
  { directory: '/etc/nginx/sites-enabled', names: /./, line: /^ssl_conf_command\s+Options\s+.*\bKTLS\b/i },
  { directory: '/etc/ssl', names: /^openssl\.cnf$/, line: /^Options\s*=.*\bKTLS\b/i },
  { directory: '/etc/pki/tls', names: /^openssl\.cnf$/, line: /^Options\s*=.*\bKTLS\b/i },
  { directory: '/etc/tlshd', names: /\.conf$/, line: /^\[authenticate/ },
];

const CILIUM = 'Cilium speeds up connections with sockmap';

/** Programs that attach sockmap programs to connections, and what they leave. */
const PATHS: readonly (readonly [directory: string, names: RegExp, text: string])[] = [
  ['/opt/cni/bin', /^cilium-cni$/, CILIUM],
  ['/etc/cni/net.d', /cilium.*\.conf(list)?$/, CILIUM],
  ['/etc/cilium', /./, CILIUM],
  ['/sys/fs/bpf', /^(?:cilium|sockmap|sock_ops_map|tc)$/, 'BPF programs or maps are pinned here'],
];

/** What is set up on the machine to use the sk_user_data of sockets. */
export function holders(reader: Reader): Promise<Look<readonly Evidence[]>> {
  return look(async () => {
    const lines = LINES.map(async ({ directory, names, line }) => {
      const files = await textsOf(reader, await pathsIn(reader, directory, names));
      return files.flatMap((file) => linesOf(file, (text) => line.test(text)));
    });
    const paths = PATHS.map(async ([directory, names, text]) =>
      (await pathsIn(reader, directory, names)).map((path) => ({ path, line: 0, text })),
    );
    return (await Promise.all([...lines, ...paths, loadedTls(reader)])).flat();
  });
}

/** A running kernel has the module loaded since somebody asked for kTLS. */
async function loadedTls(reader: Reader): Promise<readonly Evidence[]> {
  if (!reader.live) return [];
  const stat = await statOf(reader, '/sys/module/tls');
  return stat?.type === 'directory' ? [{ path: '/sys/module/tls', line: 0, text: 'the module tls is loaded' }] : [];
}
