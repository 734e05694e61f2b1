import type { Code } from './types.ts';

/** What can be wrong with an image as such: whether it can be looked at, and whether it was sealed. */
export const IMAGE_CODES = {
  'image/unreadable': {
    title: 'the image cannot be looked at',
    why: 'What nobody could look at is never said to hold: every answer about it would be a guess.',
    cure: 'Give the root of a machine: a directory, a tar, a disk image, saved facts, local, or ssh://user@host. The message says what stood in the way.',
  },
  'image/host-keys': {
    title: 'SSH host keys are in the image',
    why: 'Every machine that starts from it has the same identity: whoever holds one can play all the others.',
    cure: 'Remove /etc/ssh/ssh_host_*_key* before sealing; cloud-init or sshd-keygen makes new ones at first boot.',
  },
  'image/machine-id': {
    title: 'the machine id is part of the image',
    why: 'Machines that share it share DHCP leases, journals and whatever else is named by it; without the file, old systemd does not come up.',
    cure: 'Truncate /etc/machine-id before sealing (`: >/etc/machine-id`), and remove /var/lib/dbus/machine-id.',
  },
  'image/authorized-keys': {
    title: 'somebody can log in to every machine of this image',
    why: 'Keys of the bake stay valid on each machine that is started from it.',
    cure: 'Remove the authorized_keys files before sealing; the cloud puts the right ones there at first boot.',
  },
  'image/history': {
    title: "a shell's history is in the image",
    why: 'It often holds passwords and tokens, and is handed to everybody who gets the image.',
    cure: 'Remove the history files before sealing.',
  },
  'image/instance-state': {
    title: "cloud-init's state of another instance is in the image",
    why: 'User-data, network settings and secrets of the machine on which it was baked lie in it.',
    cure: 'Run `cloud-init clean --logs` before sealing.',
  },
  'image/leftovers': {
    title: 'leftovers of the bake are in the image',
    why: 'They take room, and may hold what was only meant for the bake.',
    cure: 'Remove the files that the message names before sealing.',
  },
  'facts/invalid': {
    title: 'the saved facts are not what `toa-bake facts` writes',
    why: 'A judgement over facts that somebody changed or cut off would be worth nothing.',
    cure: 'Collect them anew with `toa-bake facts WHAT -o FILE`, with the same release of toa-bake.',
  },
  'target/no-fit': {
    title: 'no target of the spec fits the machine',
    why: 'The spec says what shall be true on other distributions; judging this one by it would be wrong.',
    cure: 'Add the distribution to the targets of the spec, or validate without --spec.',
  },
} as const satisfies Readonly<Record<string, Code>>;
