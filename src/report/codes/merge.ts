import type { Code } from './types.ts';

/** Why user-data of the user's own cannot be merged with ours (`render --merge`). */
export const MERGE_CODES = {
  'merge/unreadable': {
    title: 'the user-data to merge cannot be read as text',
    why: 'cloud-init takes UTF-8 text, as it is or as gzip. Anything else it ignores, or it fails as a whole.',
    cure: 'Hand over the file as it is given to the cloud: text in UTF-8, or gzip of it.',
  },
  'merge/empty': {
    title: 'the user-data to merge is empty',
    why: 'There is nothing to merge; most often a wrong file was named.',
    cure: 'Name the right file, or render without --merge.',
  },
  'merge/unknown': {
    title: 'cloud-init would ignore the user-data to merge',
    why: 'It tells by the first line what user-data is. What it does not know it drops with one line in its log.',
    cure: 'Make the first line say what it is: #cloud-config, #!/bin/sh, and so on, without anything before it.',
  },
  'merge/syntax': {
    title: 'the YAML of the user-data to merge is broken',
    why: 'cloud-init drops such a part as a whole; toa-bake does not hand on what is known not to work.',
    cure: 'Go to the line and column named; `cloud-init schema --config-file FILE` says more.',
  },
  'merge/mime': {
    title: 'the MIME message to merge is broken',
    why: 'A boundary that is missing swallows the parts behind it, or the file was cut off.',
    cure: 'Make it anew, for example with `cloud-init devel make-mime`.',
  },
  'merge/jinja': {
    title: 'cloud-init would render the jinja template and then ignore it',
    why: 'Of what a template gives, cloud-init only takes a #cloud-config or a script; anything else, a MIME message above all, is dropped.',
    cure: 'Make each part a template of its own, its first line `## template: jinja`.',
  },
  'merge/twice': {
    title: 'the user-data to merge holds toa-bake’s part already',
    why: 'Two of them would install twice, perhaps two different plans.',
    cure: 'Keep your own user-data in a file of its own and merge that anew.',
  },
  'merge/power-state': {
    title: 'both want to decide about a reboot',
    why: 'cloud-init has one power_state. Yours would replace the reboot that the reader may need, or the other way round.',
    cure: 'Make your condition also true where /run/toa-reboot-needed exists, remove the condition, or set boot: {reboot: never} in the spec.',
  },
  'merge/modules': {
    title: 'the user-data to merge takes a cloud-init module away that toa-bake needs',
    why: 'cloud_final_modules replaces the whole list: without scripts-user no script runs, without power-state-change nothing reboots.',
    cure: 'Add the module that the message names to your list.',
  },
} as const satisfies Readonly<Record<string, Code>>;
