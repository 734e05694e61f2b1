import type { Look, Reader } from '../image/types.ts';
import { layeredTexts, look, type TextFile, textsOf } from './see.ts';
import type { Evidence, ModprobeFacts } from './types.ts';

const DIRECTORIES = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((base) => `${base}/modprobe.d`);

/** Read by module-init-tools only, where it is there. */
const OLD_FILE = '/etc/modprobe.conf';

const READERS: ReadonlySet<string> = new Set(['toa', 'vtoa']);

/** What modprobe's configuration says of a reader. */
export function modprobeFacts(reader: Reader): Promise<Look<ModprobeFacts>> {
  return look(async () => {
    const files = [...(await textsOf(reader, [OLD_FILE])), ...(await layeredTexts(reader, DIRECTORIES, /\.conf$/))];
    const lines = files.flatMap(commandsOf).filter(({ module }) => READERS.has(module));
    const of = (...commands: readonly string[]): readonly (Evidence & { module: string })[] =>
      lines
        .filter(({ command }) => commands.includes(command))
        .map(({ module, evidence }) => ({ ...evidence, module }));
    const options = lines.filter(({ command }) => command === 'options');
    return {
      blacklisted: of('blacklist', 'alias-off'),
      installs: of('install'),
      options: options.map(({ module, rest, evidence }) => ({ ...evidence, module, parameters: parametersOf(rest) })),
    };
  });
}

interface Command {
  readonly command: string;
  readonly module: string;
  readonly rest: string;
  readonly evidence: Evidence;
}

/** Lines `COMMAND MODULE REST`; one that ends with a backslash goes on. */
function commandsOf({ path, text }: TextFile): readonly Command[] {
  const found: Command[] = [];
  let before = '';
  for (const [index, line] of text.split('\n').entries()) {
    if (line.endsWith('\\')) {
      before += `${line.slice(0, -1)} `;
      continue;
    }
    const whole = (before + line).trim();
    before = '';
    const [, word = '', module = '', rest = ''] = /^(\w+)\s+(\S+)\s*(.*)$/.exec(whole) ?? [];
    const evidence = { path, line: index + 1, text: whole.slice(0, 500) };
    const command = word === 'alias' && rest === 'off' ? 'alias-off' : word;
    found.push({ command, module: module.replaceAll('-', '_'), rest, evidence });
  }
  return found;
}

/** `a=1 b="2 3" c`: a parameter without a value is a switch that is on. */
export function parametersOf(text: string): Readonly<Record<string, string>> {
  const words = text.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  return Object.fromEntries(
    words.map((word) => {
      const [key = '', ...value] = word.replaceAll('"', '').split('=');
      return [key, value.length > 0 ? value.join('=') : 'Y'];
    }),
  );
}
