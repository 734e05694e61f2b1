import { isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import { printCount } from '../../report/count.ts';
import type { Problem } from '../../spec/types.ts';
import { refuse } from './refuse.ts';

/** User-data as cloud-init sees it once it is unpacked. */
export interface Unpacked {
  readonly text: string;
  readonly did: readonly string[];
}

/** Four times what the most generous cloud takes. What unpacks to more was made to fill a memory. */
const MOST_BYTES = 1_048_576;

const HINT = 'hand over the file as it is given to the cloud: text in UTF-8, or gzip or base64 of it';

/** gzip and base64 around the whole are taken off: a MIME part inside of them would not be seen, and one outside not unpacked alike. */
export function unpack(bytes: Uint8Array, name: string): Unpacked | Problem {
  const decoded = isBase64(bytes) ? Buffer.from(Buffer.from(bytes).toString('latin1'), 'base64') : undefined;
  const inner = decoded ?? bytes;
  const plain = isGzip(inner) ? gunzip(inner) : inner;
  if (plain === undefined)
    return refuse('merge/unreadable', `${name} begins as gzip does and cannot be unpacked to at most 1 MiB`, HINT);
  if (plain.length > MOST_BYTES)
    return refuse(
      'merge/unreadable',
      `${name} has ${printCount(plain.length)} bytes; no cloud takes more than 262,144`,
      HINT,
    );
  const text = Buffer.from(plain).toString('utf8');
  if (text.trim() === '')
    return refuse('merge/empty', `${name} is empty`, 'render without --merge, or name another file');
  if (!isUtf8(plain)) return refuse('merge/unreadable', `${name} is not UTF-8 text`, HINT);
  return {
    text,
    did: [
      ...(decoded ? [`${name} was base64, decoded; encode the result anew where your cloud or tool wants base64`] : []),
      ...(plain === inner ? [] : [`${name} was gzip, unpacked; compress the result anew where your cloud takes gzip`]),
    ],
  };
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** At most 1 MiB; undefined: more, or no gzip. */
export function gunzip(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_BYTES });
  } catch {
    return undefined;
  }
}

/** Nothing that cloud-init knows is made of these characters alone, so there is no doubt; it must also be what base64 gives. */
function isBase64(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString('latin1').replace(/\s/g, '');
  return text.length >= 16 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}
