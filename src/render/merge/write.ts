import { createHash } from 'node:crypto';

/** A part of the message to write. */
export interface Entity {
  /** Header lines, each with its line break. */
  readonly headers: string;
  readonly body: string;
}

/** One of our own. */
export function ownEntity(type: string, filename: string, body: string): Entity {
  const headers = `Content-Type: ${type}; charset="us-ascii"\nContent-Disposition: attachment; filename="${filename}"\n`;
  return { headers, body };
}

/** Text that cloud-init shall look into by itself, under the name that it gives to user-data without MIME around it. */
export function plainEntity(text: string): Entity {
  const headers =
    'Content-Type: text/x-not-multipart; charset="utf-8"\nContent-Disposition: attachment; filename="part-001"\n';
  if (/^[\t\n -~]*$/.test(text) && !/.{999}/.test(text)) return { headers, body: text };
  const body = Buffer.from(text)
    .toString('base64')
    .replace(/.{1,76}/g, '$&\n');
  return { headers: `${headers}Content-Transfer-Encoding: base64\n`, body };
}

/** A message is a part as it stands: its headers are the part's. */
export function messageEntity(text: string): Entity {
  return { headers: '', body: text };
}

/** The same entities give the same bytes. cloud-init finds a MIME message by MIME-Version. */
export function writeMessage(entities: readonly Entity[]): string {
  const texts = entities.map(({ headers, body }) => (headers === '' ? body : `${headers}\n${body}`));
  const boundary = `toa-bake-${createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 32)}`;
  const parts = texts.map((text) => `--${boundary}\n${text}\n`);
  return `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="${boundary}"\n\n${parts.join('')}--${boundary}--\n`;
}
