import { known, unknown } from '../look.ts';
import type { Look, Output, Reader } from '../types.ts';
import type { Answers } from './carrier.ts';

/** A machine that ran, was asked, and is off again: what nobody asked is unknown. */
export function answeringReader(what: string, { files, programs }: Answers): Reader {
  const read = async (path: string): Promise<Look<Uint8Array>> => files.get(path) ?? notAsked(path);
  return {
    kind: 'boot',
    what,
    live: true,
    stat: async (path) => notAsked(path),
    lstat: async (path) => notAsked(path),
    readlink: async (path) => notAsked(path),
    list: async (path) => notAsked(path),
    read,
    part: async (path, offset, length) => {
      const content = await read(path);
      return content.state === 'known' ? known(content.value.subarray(offset, offset + length)) : content;
    },
    run: async (argv): Promise<Look<Output>> => {
      const output = programs.get(argv.join('\0'));
      return output ? known(output) : notAsked(argv.join(' '));
    },
    bytesRead: () => 0,
    close: async () => {},
  };
}

function notAsked(what: string): Look<never> {
  return unknown(`the booted machine was not asked for ${what}`);
}
