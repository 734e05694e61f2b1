import type { Problem } from '../spec/types.ts';
import { judge } from './merge/judge.ts';
import { convertOurs, OUR_NAME } from './merge/ours.ts';
import { readParts } from './merge/parts.ts';
import { isRefusal } from './merge/refuse.ts';
import { unpack } from './merge/unpack.ts';
import { messageEntity, ownEntity, plainEntity, writeMessage } from './merge/write.ts';
import type { Guest } from './types.ts';

/** The user's own user-data and ours in one. */
export interface Merged {
  /** A MIME message; `sizeProblems` judges its size as it does that of plain user-data. */
  readonly mime: string;
  /** What was done and what follows from it, a sentence each, for people. */
  readonly did: readonly string[];
}

/**
 * The user's user-data in any form that cloud-init takes, and ours (`renderUserData`), as one MIME message; a problem where that
 * cannot be done without loss. `name` is the user's file, for messages.
 *
 * cloud-init merges #cloud-config parts key by key, and by default the last one's runcmd, write_files and so on replace all others.
 * Any way of merging that ours could ask for (merge_how) fails for some user: it depends on the types of their values, on their own
 * merge_how, and an `exit` in their runcmd would end ours too. So ours has no key in common with theirs: it is a shell script, which
 * every cloud-init since 0.7.5 runs as a process of its own beside the user's scripts and runcmd. Its name sorts first, since a user's
 * script may well reboot or never end. Theirs is one part: byte for byte as given, of the type that cloud-init itself sees in it.
 *
 * What a script cannot ask for is cloud-init's reboot. That is a #cloud-config of power_state alone, left out where theirs does the
 * same, refused where both could not be had. Ours stand before theirs: a later part replaces what an earlier one says, so what
 * cannot be known here (an #include) wins, and a part handler of theirs never gets our parts.
 */
export function mergeUserData(theirs: Uint8Array, ours: string, name: string, guest: Guest): Merged | Problem {
  const unpacked = unpack(theirs, name);
  if (isRefusal(unpacked)) return unpacked;
  const read = readParts(unpacked.text, name);
  if (isRefusal(read)) return read;
  const { script, reboot } = convertOurs(ours, guest);
  const judged = judge(read.parts, reboot !== undefined);
  if (isRefusal(judged)) return judged;
  const ourReboot = judged.rebootsAnyway ? undefined : reboot;
  const kept = read.mime
    ? `${name} is a MIME message: it is one part of the new one`
    : `${name} is one part of a new MIME message`;
  return {
    mime: writeMessage([
      ownEntity('text/x-shellscript', OUR_NAME, script),
      ...(ourReboot === undefined ? [] : [ownEntity('text/cloud-config', 'toa-bake-reboot.cfg', ourReboot)]),
      read.mime ? messageEntity(unpacked.text) : plainEntity(unpacked.text),
    ]),
    did: [
      ...unpacked.did,
      `${kept}, as it stands, so everything in it means what it meant`,
      `toa-bake's part is the script ${OUR_NAME}; cloud-init runs it before the user's scripts and runcmd, each by itself`,
      ...(ourReboot === undefined
        ? []
        : ['toa-bake also asks for a reboot at the end, only where the reader needs one (power_state)']),
      ...judged.did,
    ],
  };
}
