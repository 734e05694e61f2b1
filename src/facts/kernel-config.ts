import type { Look, Reader } from '../image/types.ts';
import { firstOf, isFile, look, readText } from './see.ts';

/** Options that decide whether a module loads or a reader works. */
const JUDGED =
  /^CONFIG_(?:MODULE_SIG\w*|MODVERSIONS|MODULE_DECOMPRESS|MODULE_COMPRESS\w*|SECURITY_LOCKDOWN_LSM|LOCK_DOWN_\w+|DYNAMIC_FTRACE\w*|PREEMPT_RT|TLS|NET_SOCK_MSG|LIVEPATCH)$/;

/** The judged options of a kernel, as its configuration file has them. */
export function kernelConfig(
  reader: Reader,
  release: string,
  headers: string | undefined,
): Promise<Look<Readonly<Record<string, string>>>> {
  return look(async () => {
    const paths = [`/boot/config-${release}`, `/lib/modules/${release}/config`];
    if (headers !== undefined) paths.push(`${headers}/.config`);
    const path = await firstOf(paths, (candidate) => isFile(reader, candidate));
    const text = path && (await readText(reader, path));
    if (!text) return undefined;
    const lines = [...text.matchAll(/^(CONFIG_\w+)=(.*)$/gm)];
    return Object.fromEntries(lines.flatMap(([, key = '', value = '']) => (JUDGED.test(key) ? [[key, value]] : [])));
  });
}
