import type { Look, Reader } from '../image/types.ts';
import { firstOf, isExecutable, look } from './see.ts';
import type { BuildFacts } from './types.ts';

const BINARIES: readonly string[] = ['/usr/bin', '/usr/local/bin', '/bin'];

/** The programs that a build needs, wherever they are. */
export async function buildFacts(reader: Reader): Promise<BuildFacts> {
  return { compiler: await program(reader, ['gcc', 'cc', 'clang']), make: await program(reader, ['make', 'gmake']) };
}

function program(reader: Reader, names: readonly string[]): Promise<Look<string>> {
  const paths = names.flatMap((name) => BINARIES.map((directory) => `${directory}/${name}`));
  return look(() => firstOf(paths, (path) => isExecutable(reader, path)));
}
