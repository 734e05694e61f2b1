import type { Problem } from '../../spec/types.ts';
import { isRefusal, refuse } from './refuse.ts';

/** A part of a MIME message that holds no further parts, read as Python's email package does, which is what cloud-init has. */
export interface Leaf {
  /** In lower case, without parameters. */
  readonly type: string;
  /** As Content-Disposition or Content-Type give it. */
  readonly filename: string | undefined;
  /** Decoded from its transfer encoding. */
  readonly body: Buffer;
  /** Characters beyond ASCII that no transfer encoding covers: Python 3's email package garbles them. */
  readonly garbled: boolean;
}

/** cloud-init looks for this word alone; a message must then also begin as one. */
export function isMime(text: string): boolean {
  const begin = Buffer.from(text).subarray(0, 4096).toString('latin1').toLowerCase();
  return begin.includes('mime-version:') && /^(?:From |[!-9;-~]+:)/.test(text);
}

const HINT = 'make it anew, for example with `cloud-init devel make-mime`';
const MOST_LEVELS = 20;

/** The leaves of a message, in their order. */
export function readMime(text: string, name: string, level = 0): readonly Leaf[] | Problem {
  const { headers, body } = splitHeaders(text);
  const contentType = headers.get('content-type') ?? 'text/plain';
  const type = mediaType(contentType);
  if (!type.startsWith('multipart/')) {
    const disposition = headers.get('content-disposition') ?? '';
    const filename = parameter(disposition, 'filename') ?? parameter(contentType, 'name');
    const decoded = decode(body, headers.get('content-transfer-encoding') ?? '');
    return [{ type, filename, body: decoded, garbled: Buffer.byteLength(body) !== body.length }];
  }
  const boundary = parameter(contentType, 'boundary');
  if (!boundary) return refuse('merge/mime', `${name}: a multipart message without a boundary`, HINT);
  if (level === MOST_LEVELS) return refuse('merge/mime', `${name}: parts within parts without end`, HINT);
  const entities = splitParts(body, boundary);
  if (entities === undefined)
    return refuse(
      'merge/mime',
      `${name}: the last line of a multipart message, --${boundary}--, is missing; is it cut off?`,
      HINT,
    );
  const read = entities.map((entity) => readMime(entity, name, level + 1));
  return read.find(isRefusal) ?? read.flatMap((leaves) => (isRefusal(leaves) ? [] : leaves));
}

/** Python ends the headers before the first line that cannot be one, empty or not. */
function splitHeaders(text: string): { readonly headers: ReadonlyMap<string, string>; readonly body: string } {
  const block = /^(?:From .*\r?\n)?(?:(?:[!-9;-~]+:|[ \t]).*(?:\r?\n|$))*/.exec(text)?.[0] ?? '';
  const unfolded = block.replace(/\r?\n(?=[ \t])/g, '');
  const headers = new Map<string, string>();
  for (const [, key = '', value = ''] of unfolded.matchAll(/^([!-9;-~]+):[ \t]*(.*)$/gm)) {
    if (!headers.has(key.toLowerCase())) headers.set(key.toLowerCase(), value.trim());
  }
  return { headers, body: text.slice(block.length).replace(/^\r?\n/, '') };
}

/** What Python takes for text/plain where it makes no sense. */
function mediaType(contentType: string): string {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  return /^[^/]+\/[^/]+$/.test(type) ? type : 'text/plain';
}

function parameter(value: string, key: string): string | undefined {
  const found = new RegExp(`;\\s*${key}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, 'i').exec(value);
  return found?.[1]?.replace(/\\(.)/g, '$1') ?? found?.[2];
}

/** Boundary lines in a row. */
interface Boundary {
  readonly from: number;
  to: number;
  readonly closes: boolean;
}

/** The entities between the boundary lines; undefined where the closing one is missing. The line break before a boundary belongs to it. */
function splitParts(body: string, boundary: string): readonly string[] | undefined {
  const escaped = boundary.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const line = new RegExp(`(?:^|\\r?\\n)--${escaped}(--)?[ \\t]*(?=\\r?\\n|$)`, 'g');
  const rows: Boundary[] = [];
  for (const { index: from, 0: text, 1: end } of body.matchAll(line)) {
    const last = rows.at(-1);
    // Of boundary lines in a row Python takes the first and skips the others, be it the one that closes.
    if (last?.to === from) last.to = from + text.length;
    else rows.push({ from, to: from + text.length, closes: end !== undefined });
  }
  const close = rows.findIndex(({ closes }) => closes);
  if (close < 0) return undefined;
  return rows.slice(0, close).map(({ to }, i) => body.slice(to, rows[i + 1]?.from).replace(/^\r?\n/, ''));
}

function decode(body: string, encoding: string): Buffer {
  switch (encoding.trim().toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64');
    case 'quoted-printable':
      return Buffer.from(
        Buffer.from(body.replace(/=(?:\r?\n|$)/g, ''))
          .toString('latin1')
          .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        'latin1',
      );
    default:
      return Buffer.from(body);
  }
}
