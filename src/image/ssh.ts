import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { runProgram } from './host.ts';
import { ABSENT, known, unknown } from './look.ts';
import type { FileType, Look, Output, Reader, Stat } from './types.ts';

/**
 * Answers on the other machine, one line for each that is asked: needs nothing there but a POSIX shell, stat, readlink, find, head,
 * tail and base64. Paths come with everything unusual as octal numbers, so that no name can be taken for something else.
 */
const ANSWERER = `
LC_ALL=C; export LC_ALL
said() { case $1 in *': No such file or directory'|*': Not a directory') echo A ;; *) printf 'U %s\\n' "$(printf %s "$1" | tr '\\n' ' ')" ;; esac; }
is_there() { e=$(stat -L -c %f -- "$1" 2>&1) || { said "$e"; return 1; }; }
while IFS=' ' read -r op offset length path; do
  p=$(printf '%b.' "$path"); p=\${p%.}
  case $op in
    stat) a=$(stat -L -c '%f %u %g %s' -- "$p" 2>&1) && echo "K $a" || said "$a" ;;
    lstat) a=$(stat -c '%f %u %g %s' -- "$p" 2>&1) && echo "K $a" || said "$a" ;;
    readlink) a=$(stat -c %F -- "$p" 2>&1) || { said "$a"; continue; }
      if [ -L "$p" ]; then echo "K $(readlink -n -- "$p" | base64 | tr -d '\\n')"; else echo A; fi ;;
    list) is_there "$p" || continue
      if [ -d "$p" ] && [ -r "$p" ] && [ -x "$p" ]; then echo "K $(find "$p/" -mindepth 1 -maxdepth 1 -print0 | base64 | tr -d '\\n')"
      else echo 'U it is not a directory that this user may read'; fi ;;
    read) is_there "$p" || continue
      if [ -f "$p" ] && [ -r "$p" ]; then echo "K $(tail -c +$((offset + 1)) -- "$p" 2>/dev/null | head -c "$length" | base64 | tr -d '\\n')"
      else echo 'U it is not a regular file that this user may read'; fi ;;
  esac
done
`;

const TYPES: Readonly<Record<number, FileType>> = { 4: 'directory', 8: 'file', 10: 'symlink' };
const DEFAULT_LIMIT = 64 * 1024 * 1024;

/** A running machine, by the system's own ssh client with the user's own configuration. One session carries all questions. */
export async function openSsh(what: string): Promise<Look<Reader>> {
  const target = parseTarget(what);
  if (!target) return unknown('it is no address of the form ssh://USER@HOST or ssh://USER@HOST:PORT');
  const session = openSession(target);
  const first = await session.ask('stat', '/');
  if (first.state !== 'known') {
    session.close();
    return first.state === 'unknown' ? first : unknown('the machine has no root directory');
  }
  return known({
    kind: 'ssh',
    what,
    live: true,
    stat: async (path) => statOf(await session.ask('stat', path)),
    lstat: async (path) => statOf(await session.ask('lstat', path)),
    readlink: async (path) => map(await session.ask('readlink', path), (text) => decode(text).toString('utf8')),
    list: async (path) => map(await session.ask('list', path), (text) => namesOf(decode(text))),
    read: async (path, limit = DEFAULT_LIMIT) =>
      atMost(map(await session.ask('read', path, 0, limit + 1), decode), limit),
    part: async (path, offset, length) =>
      map(await session.ask('read', path, offset, Math.min(length, DEFAULT_LIMIT)), decode),
    run: (argv, input) => runThere(target, argv, input),
    bytesRead: session.bytesRead,
    close: async () => session.close(),
  });
}

/** Arguments for ssh. A host or user that begins with a dash would be taken for an option. */
function parseTarget(what: string): readonly string[] | undefined {
  const [, name = '', port] =
    /^ssh:\/\/((?:[\w.][\w.-]*@)?(?:[\w.][\w.-]*|\[[0-9a-fA-F:.]+\]))(?::(\d{1,5}))?\/?$/.exec(what) ?? [];
  if (name === '') return undefined;
  return ['-T', '-o', 'BatchMode=yes', ...(port ? ['-p', port] : []), '--', name.replace(/[[\]]/g, '')];
}

interface Session {
  readonly ask: (op: string, path: string, offset?: number, length?: number) => Promise<Look<string>>;
  readonly bytesRead: () => number;
  readonly close: () => void;
}

/** Answers come in the order of the questions, which are not kept waiting for each other. */
function openSession(target: readonly string[]): Session {
  const child: ChildProcess = spawn('ssh', [...target, `exec sh -c ${quote(ANSWERER)}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const waiting: ((answer: Look<string>) => void)[] = [];
  let bytes = 0;
  let complaint = '';
  let ended: Look<never> | undefined;
  const end = (why: string): void => {
    ended ??= unknown(why);
    for (const answer of waiting.splice(0)) answer(ended);
  };
  child.stdin?.on('error', () => {});
  child.stderr?.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-2000);
  });
  child.on('error', (error) => end(`ssh: ${error.message}`));
  child.on('close', () => end(`ssh: ${complaint.trim().split('\n').at(-1) || 'the connection was closed'}`));
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      bytes += line.length;
      waiting.shift()?.(parseAnswer(line));
    });
  }
  return {
    ask: (op, path, offset = 0, length = 0) => {
      if (ended) return Promise.resolve(ended);
      if (!path.startsWith('/')) return Promise.resolve(unknown('it is not an absolute path'));
      if (path.includes('\0')) return Promise.resolve(ABSENT);
      return new Promise((resolve) => {
        waiting.push(resolve);
        child.stdin?.write(`${op} ${offset} ${length} ${encode(path)}\n`);
      });
    },
    bytesRead: () => bytes,
    close: () => {
      end('the connection was closed');
      child.stdin?.end();
      child.kill();
    },
  };
}

function parseAnswer(line: string): Look<string> {
  if (line.startsWith('K')) return known(line.slice(2));
  return line === 'A' ? ABSENT : unknown(line.slice(2) || 'the other machine gave no answer');
}

function map<A, B>(look: Look<A>, change: (value: A) => B): Look<B> {
  return look.state === 'known' ? known(change(look.value)) : look;
}

function statOf(answer: Look<string>): Look<Stat> {
  return map(answer, (text) => {
    const [mode = '0', uid, gid, size] = text.split(' ');
    const bits = Number.parseInt(mode, 16);
    return {
      type: TYPES[bits >> 12] ?? 'other',
      mode: bits & 0o7777,
      uid: Number(uid),
      gid: Number(gid),
      size: Number(size),
    };
  });
}

function namesOf(list: Buffer): readonly string[] {
  const paths = list.toString('utf8').split('\0').slice(0, -1);
  return paths.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort();
}

function atMost(content: Look<Buffer>, limit: number): Look<Uint8Array> {
  const isOver = content.state === 'known' && content.value.length > limit;
  return isOver ? unknown(`it has more than ${limit} bytes`) : content;
}

function decode(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

function encode(path: string): string {
  const shown = (byte: number): string => {
    const character = String.fromCharCode(byte);
    return /[\w/.-]/.test(character) ? character : `\\0${byte.toString(8).padStart(3, '0')}`;
  };
  return [...Buffer.from(path)].map(shown).join('');
}

/** The other side's login shell takes the words apart once more. */
async function runThere(target: readonly string[], argv: readonly string[], input?: Uint8Array): Promise<Look<Output>> {
  const answer = await runProgram(['ssh', ...target, ['env', 'LC_ALL=C', ...argv].map(quote).join(' ')], input);
  if (answer.state !== 'known' || answer.value.code !== 255) return answer;
  return unknown(`ssh: ${answer.value.stderr.trim().split('\n').at(-1) || 'the connection was closed'}`);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
