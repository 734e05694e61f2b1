/** A headless Chromium (Debian's), spoken to over its debugging pipe. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

/** What the browser answers, or says by itself. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** One page of the browser. */
export interface Page {
  /** Calls a method of the DevTools protocol. */
  readonly send: (method: string, params?: object) => Promise<Readonly<Record<string, unknown>>>;
  /** The value of an expression in the page. */
  readonly evaluate: (expression: string) => Promise<unknown>;
  /** Events so far: their methods and parameters. */
  readonly events: readonly { readonly method: string; readonly params: Readonly<Record<string, unknown>> }[];
}

/** Opens a page and calls `use` with it; the browser and its profile are gone afterwards. */
export async function inChromium<T>(url: string, use: (page: Page) => Promise<T>): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), 'toa-bake-chromium-'));
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
  ];
  const browser = spawn('chromium', [...flags, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    // A group of its own: what the browser has started would go on writing into the profile.
    detached: true,
  });
  const ended = new Promise((resolve) => browser.once('close', resolve));
  try {
    return await use(await openPage(browser, url));
  } finally {
    if (browser.pid !== undefined) process.kill(-browser.pid, 'SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function openPage(browser: ChildProcess, url: string): Promise<Page> {
  const events: { method: string; params: Readonly<Record<string, unknown>> }[] = [];
  const call = connect(browser, events);
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  const send: Page['send'] = (method, params = {}) => call(method, params, String(sessionId));
  const evaluate: Page['evaluate'] = async (expression) => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  };
  for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await send(`${domain}.enable`);
  const { errorText } = await send('Page.navigate', { url });
  if (errorText) throw new Error(`${url}: ${String(errorText)}`);
  while ((await evaluate('document.readyState')) !== 'complete')
    await new Promise((resolve) => setTimeout(resolve, 50));
  return { send, evaluate, events };
}

type Call = (method: string, params: object, sessionId?: string) => Promise<Readonly<Record<string, unknown>>>;

/** Messages are JSON, each ended by a NUL: to the browser on its descriptor 3, from it on 4. */
function connect(browser: ChildProcess, events: { method: string; params: Readonly<Record<string, unknown>> }[]): Call {
  const [, , , input, output] = browser.stdio as unknown as readonly Duplex[];
  if (!input || !output) throw new Error('chromium has no debugging pipe');
  const waiting = new Map<number, (message: Message) => void>();
  let rest = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages.map((json) => JSON.parse(json) as Message)) {
      if (message.id !== undefined) waiting.get(message.id)?.(message);
      else events.push({ method: message.method ?? '', params: message.params ?? {} });
    }
  });
  let last = 0;
  return (method, params, sessionId) =>
    new Promise((resolve, reject) => {
      last += 1;
      const overdue = setTimeout(() => reject(new Error(`chromium does not answer ${method}`)), 60_000);
      waiting.set(last, ({ result, error }) => {
        clearTimeout(overdue);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
      input.write(`${JSON.stringify({ id: last, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`);
    });
}
