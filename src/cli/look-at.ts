import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { Finding } from '../checks/types.ts';
import { collect } from '../facts/collect.ts';
import type { Facts } from '../facts/types.ts';
import { openReader } from '../image/open.ts';
import type { Reader } from '../image/types.ts';
import { CODES } from '../report/codes.ts';

/** Facts of what the user named, or the one thing that can be said of it instead. */
export type Looked = { readonly facts: Facts } | { readonly finding: Finding };

/** What else to look at: the reader is still open; saved facts have none. */
export type Beyond = (facts: Facts, reader: Reader | undefined) => Promise<Facts>;

/** Looks at a directory, an archive, a disk image, this machine or another one, or reads what an earlier look has saved. */
export async function lookAt(what: string, beyond: Beyond = async (facts) => facts): Promise<Looked> {
  if (isSavedFacts(what)) {
    const saved = await readSaved(what);
    return 'facts' in saved ? { facts: await beyond(saved.facts, undefined) } : saved;
  }
  const reader = await openReader(what);
  if (reader.state === 'absent') return cannot('image/unreadable', `there is no ${JSON.stringify(what)}`);
  if (reader.state === 'unknown') return cannot('image/unreadable', reader.why);
  try {
    return { facts: await beyond(await collect(reader.value), reader.value) };
  } finally {
    await reader.value.close();
  }
}

/** Facts of the largest machine are a few hundred kilobytes. */
const MOST_BYTES = 64 * 1024 * 1024;

async function readSaved(what: string): Promise<Looked> {
  if (statSync(what).size > MOST_BYTES) return cannot('facts/invalid', 'it is larger than facts ever are');
  const { parseFacts } = await import('../facts/saved.ts');
  const facts = parseFacts(readFileSync(what, 'utf8'));
  if (facts.state === 'known') return { facts: facts.value };
  return cannot('facts/invalid', facts.state === 'unknown' ? facts.why : 'it is empty');
}

/** JSON begins with a brace; no image does. What cannot be opened is openReader's to explain. */
function isSavedFacts(what: string): boolean {
  try {
    return statSync(what).isFile() && /^\s*\{/.test(readStart(what));
  } catch {
    return false;
  }
}

function readStart(what: string): string {
  const start = Buffer.alloc(512);
  const file = openSync(what, 'r');
  try {
    return start.toString('latin1', 0, readSync(file, start, 0, start.length, 0));
  } finally {
    closeSync(file);
  }
}

function cannot(code: 'image/unreadable' | 'facts/invalid', message: string): Looked {
  return { finding: { code, severity: 'error', status: 'unknown', message, evidence: [], hint: CODES[code].cure } };
}
