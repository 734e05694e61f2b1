/** What a signed module ends with. */
const MARK = '~Module signature appended~\n';

/** `struct module_signature`, between the signature and the mark. */
const TRAILER_SIZE = 12;

const ID_X509 = 1;
const ID_PKCS7 = 2;

/** DER of the object identifier commonName. */
const COMMON_NAME = Buffer.from([0x06, 0x03, 0x55, 0x04, 0x03]);

/** A module's signature, as far as it shows without the key that made it. */
export interface Signature {
  readonly signed: boolean;
  readonly signer: string | null;
}

/** Whether a module carries a signature that the kernel would look at, and whose. */
export function signatureOf(file: Buffer): Signature {
  const end = file.length - MARK.length;
  if (end < TRAILER_SIZE || file.toString('latin1', end) !== MARK) return { signed: false, signer: null };
  const trailer = file.subarray(end - TRAILER_SIZE, end);
  const length = trailer.readUInt32BE(8);
  const from = end - TRAILER_SIZE - length;
  if (length === 0 || from <= 0) return { signed: false, signer: null };
  const kind = trailer.readUInt8(2);
  if (kind === ID_PKCS7) return { signed: true, signer: issuerOf(file.subarray(from, from + length)) };
  return { signed: kind === ID_X509, signer: kind === ID_X509 ? namedSigner(file, from, trailer) : null };
}

/** Before kernel 4.3: the signer's name, then the key's id, stand before the signature. */
function namedSigner(file: Buffer, signature: number, trailer: Buffer): string | null {
  const length = trailer.readUInt8(3);
  const from = signature - trailer.readUInt8(4) - length;
  return from > 0 && length > 0 ? file.toString('utf8', from, from + length) : null;
}

/** The common name of the issuer of the signer's certificate: the first in a message that carries no certificates. */
function issuerOf(message: Buffer): string | null {
  const at = message.indexOf(COMMON_NAME);
  const from = at + COMMON_NAME.length + 2;
  if (at < 0 || from > message.length) return null;
  const length = message.readUInt8(from - 1);
  return length < 0x80 && from + length <= message.length ? message.toString('utf8', from, from + length) : null;
}
