import type { Code } from './types.ts';

/** What can be wrong with files that travel beside the script, and with a script that is fetched. */
export const FILE_CODES = {
  'file/unreadable': {
    title: 'a file that the spec names by path cannot be read',
    why: 'It travels with what is rendered, so it is read when that happens; nothing was written.',
    cure: 'Put the file where the message says: a relative path begins at the folder of the spec.',
  },
  'file/sha256': {
    title: 'a file is not the one that is pinned',
    why: 'It becomes kernel code on every machine: one that changed since it was looked at must not slip in.',
    cure: 'Look at what changed; `sha256sum FILE` prints the value to pin.',
  },
  'file/user-data': {
    title: 'user-data cannot carry a file',
    why: 'User-data has room for a few kilobytes of text; a file by path travels beside the script and by Packer.',
    cure: 'Serve the file by https and write `url` in place of `path`; or bake an image, or run the script.',
  },
  'payload/shared': {
    title: 'one address for the scripts of several targets',
    why: 'Each target has a script of its own, and the user-data takes no other.',
    cure: 'Write `payload` in each target, with an address for each.',
  },
  'payload/sha256': {
    title: 'the script that is served is not the one that is rendered',
    why: 'The spec or toa-bake changed since it was uploaded: machines would refuse it when they start.',
    cure: 'Upload what `render --only script` writes and write its sha256; or leave sha256 out: the user-data pins the script all the same.',
  },
} as const satisfies Readonly<Record<string, Code>>;
