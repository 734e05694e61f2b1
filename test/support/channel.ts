/** The test's side of the channel to the agent in a machine (agent/test-agent describes the lines). */

import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** What a command in the machine did. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output byte for byte, for output that is no text. */
  readonly bytes: Buffer;
}

/** What to run: a POSIX shell script and its standard input. */
export interface Command {
  readonly script: string;
  readonly input: string | Uint8Array;
  readonly limitMs: number;
}

interface Pending<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (why: Error) => void;
}

/** How long the agent may take to kill a command that ran out of time, and to hand over its output. */
const ANSWER_SLACK_MS = 60_000;

/** What `timeout` in the machine exits with when it ended the command, kindly or not. */
const TIMED_OUT: readonly number[] = [124, 137];

/** A listening socket to which QEMU connects the machine's port; it outlives reboots and power cuts. */
export class Channel {
  readonly #server: Server;
  #socket: Socket | undefined;
  #bootId: string | undefined;
  #lastId = 0;
  #command: (Pending<Result> & { readonly id: number }) | undefined;
  #boot: Pending<void> | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#attach(socket));
  }

  /** Listens at `path`. */
  static async listen(path: string): Promise<Channel> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    return new Channel(server);
  }

  /** Resolves when an agent of another boot than the last one reports. Ask before causing the boot. */
  async nextBoot(limitMs: number): Promise<void> {
    const boot = new Promise<void>((resolve, reject) => {
      this.#boot = { resolve, reject };
    });
    await within(boot, limitMs, 'the machine did not come up');
  }

  /** Runs one command; only one at a time. Rejects when time runs out, or when the machine goes away meanwhile. */
  async run({ script, input, limitMs }: Command): Promise<Result> {
    if (this.#socket === undefined || this.#bootId === undefined) throw new Error('the machine is not running');
    if (this.#command !== undefined) throw new Error('the machine is busy with another command');
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<Result>((resolve, reject) => {
      this.#command = { id, resolve, reject };
    });
    const bytes = Buffer.from(script);
    const data = Buffer.from(input);
    const header = `${id} ${Math.ceil(limitMs / 1000)} ${bytes.length} ${data.length}\n`;
    this.#socket.write(Buffer.concat([Buffer.from(header), bytes, data]));
    try {
      const result = await within(answer, limitMs + ANSWER_SLACK_MS, 'the agent did not answer');
      if (TIMED_OUT.includes(result.code)) throw new Error(`the command did not end within ${limitMs} ms`);
      return result;
    } finally {
      this.#command = undefined;
    }
  }

  /** To be called when the machine is gone: whoever waits for it gets `why`. */
  fail(why: Error): void {
    this.#bootId = undefined;
    this.#command?.reject(why);
    this.#boot?.reject(why);
  }

  close(): void {
    this.#socket?.destroy();
    this.#server.close();
  }

  #attach(socket: Socket): void {
    this.#socket = socket;
    // A killed QEMU resets the connection; that it ended is what its exit status tells.
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => this.#receive(line));
  }

  #receive(line: string): void {
    const [word, ...rest] = line.split(' ');
    if (word === 'ready') this.#ready(rest[0]);
    if (word === 'done') this.#done(rest);
  }

  #ready(bootId: string | undefined): void {
    this.#command?.reject(new Error('the machine or its agent started anew while a command ran'));
    if (bootId === this.#bootId) return;
    this.#bootId = bootId;
    this.#boot?.resolve();
  }

  #done([id, code, stdout = '', stderr = '']: readonly string[]): void {
    if (Number(id) !== this.#command?.id) return;
    const bytes = Buffer.from(stdout, 'base64');
    const text = { stdout: bytes.toString(), stderr: Buffer.from(stderr, 'base64').toString() };
    this.#command.resolve({ code: Number(code), ...text, bytes });
  }
}

async function within<T>(work: Promise<T>, limitMs: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${message} within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
