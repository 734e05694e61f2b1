import type { Code } from './types.ts';

/** What can be wrong with a spec as a file. */
export const SPEC_CODES = {
  'spec/not-found': {
    title: 'the spec file cannot be read',
    why: 'Nothing can be planned without it.',
    cure: 'Name the file, or write a first one with `toa-bake init`.',
  },
  'spec/empty': {
    title: 'the spec is empty',
    why: 'It must say at least whose option is believed and which distributions are wanted.',
    cure: 'Start from `toa-bake init`.',
  },
  'spec/too-large': {
    title: 'the spec is larger or deeper than any spec needs',
    why: 'Reading it could take minutes: it is refused before it is parsed.',
    cure: 'Look at what made the file; list larger networks, or use several specs.',
  },
  'spec/encoding': {
    title: 'the spec is not UTF-8 text',
    why: 'Characters that are guessed at could turn one name or path into another.',
    cure: 'Save the file as UTF-8.',
  },
  'spec/syntax': {
    title: 'the spec is not valid YAML',
    why: 'A file that is read differently than it was meant would be worse than none.',
    cure: 'Go to the line and column named; mind brackets, quotes and indentation.',
  },
  'spec/duplicate-key': {
    title: 'a key stands twice',
    why: 'YAML readers disagree which of the two counts.',
    cure: 'Remove one of the two.',
  },
  'spec/tab': {
    title: 'a tab is used as indentation',
    why: 'YAML allows spaces only.',
    cure: 'Replace the tab with spaces.',
  },
  'spec/unknown-key': {
    title: 'an unknown key',
    why: 'A misspelt setting that is silently ignored would leave its default in force, perhaps on a thousand machines.',
    cure: 'Use the nearest known key that the message names.',
  },
  'spec/missing': {
    title: 'a required key is missing',
    why: 'There is no safe default: whom to trust, and what a file must hash to, only you know.',
    cure: 'Add the key.',
  },
  'spec/type': {
    title: 'a value has the wrong type',
    why: 'YAML reads unquoted words, numbers and lists by its own rules.',
    cure: 'Write a value of the type that the message names.',
  },
  'spec/value': {
    title: 'a value is not one of those allowed',
    why: 'Only values that mean something are taken.',
    cure: 'Choose one of those that the message lists.',
  },
  'spec/network': {
    title: 'not a network in CIDR form',
    why: 'The trust list decides whose word about client addresses is believed. Host bits are refused, since they are mostly a typo in address or prefix.',
    cure: 'Write networks such as 203.0.113.0/24, or the word any.',
  },
  'spec/url': {
    title: 'not an https address',
    why: 'What is fetched becomes kernel code.',
    cure: 'Serve the file by https, without user or password in the address.',
  },
  'spec/sha256': {
    title: 'not a sha256 sum',
    why: 'A file that is not pinned can change under you.',
    cure: '`sha256sum FILE` prints it.',
  },
  'spec/file': {
    title: 'a file has both url and path, or neither',
    why: 'It must come from exactly one place.',
    cure: 'Keep one of the two.',
  },
} as const satisfies Readonly<Record<string, Code>>;
