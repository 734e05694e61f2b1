/** Every place of a spec where a string may stand. */

import { KERNEL } from './fakeroot.ts';

const HASH = '0'.repeat(64);
const BASE = { version: 1, trust: ['198.18.7.0/24'], targets: ['debian-12'] };
const FETCHED = { ...BASE, trust: 'any', method: 'prebuilt' };
const FILE = { url: 'https://example.com/', role: 'module', release: KERNEL, sha256: HASH };
const layout = (own: object) => ({
  ...{ ...FETCHED, method: 'source' },
  files: [{ url: FILE.url, sha256: HASH, role: 'source', layout: { directory: 'toa', ...own } }],
});

/** The file that is named by path, as if it had been read. */
export const LOCAL: ReadonlyMap<string, Uint8Array> = new Map([[HASH, Buffer.from('no module\n')]]);

/** By the name of the place: gives the spec with the string there. */
export const FIELDS: Readonly<Record<string, (text: string) => unknown>> = {
  trust: (text) => ({ ...BASE, trust: text }),
  'trust[0]': (text) => ({ ...BASE, trust: [text] }),
  'targets[0]': (text) => ({ ...BASE, targets: [text] }),
  'targets[0].os': (text) => ({ ...BASE, targets: [{ os: text }] }),
  'targets[0].trust[0]': (text) => ({ ...BASE, targets: [{ os: 'debian-12', trust: [text] }] }),
  'clouds[0]': (text) => ({ ...BASE, clouds: [text] }),
  arch: (text) => ({ ...BASE, arch: text }),
  secureBoot: (text) => ({ ...BASE, secureBoot: text }),
  method: (text) => ({ ...BASE, method: text }),
  'kernel.onUpgrade': (text) => ({ ...BASE, kernel: { onUpgrade: text } }),
  'boot.reboot': (text) => ({ ...BASE, boot: { reboot: text } }),
  'boot.onFailure': (text) => ({ ...BASE, boot: { onFailure: text } }),
  untrusted: (text) => ({ ...BASE, untrusted: text }),
  'signing.key': (text) => ({ ...BASE, signing: { key: text, certificate: 'c', onMachine: true } }),
  'signing.certificate': (text) => ({ ...BASE, signing: { key: 'k', certificate: text, onMachine: true } }),
  'payload.url': (text) => ({ ...BASE, payload: { url: text, sha256: HASH } }),
  'payload.sha256': (text) => ({ ...BASE, payload: { url: 'https://example.com/', sha256: text } }),
  'files[0].url': (text) => ({ ...FETCHED, files: [{ ...FILE, url: text }] }),
  'files[0].path': (text) => ({ ...FETCHED, files: [{ ...FILE, url: undefined, path: text }] }),
  'files[0].sha256': (text) => ({ ...FETCHED, files: [{ ...FILE, sha256: text }] }),
  'files[0].role': (text) => ({ ...FETCHED, files: [{ ...FILE, role: text }] }),
  'files[0].release': (text) => ({ ...FETCHED, files: [{ ...FILE, release: text }] }),
  'files[0].layout.directory': (text) => layout({ directory: text }),
  'files[0].layout.make[0]': (text) => layout({ make: [text] }),
  'files[0].layout.module': (text) => layout({ module: text }),
  'files[0].layout.produces': (text) => layout({ produces: text }),
  'a key': (text) => ({ ...BASE, [text]: 1 }),
  'a key of a target': (text) => ({ ...BASE, targets: [{ os: 'debian-12', [text]: 1 }] }),
  version: (text) => ({ ...BASE, version: text }),
};
