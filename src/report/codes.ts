/** What `toa-bake explain CODE` says: what it means, why it matters, how to mend it. */
export interface Code {
  readonly title: string;
  readonly why: string;
  readonly cure: string;
}

/** Every code that toa-bake can print. They are public: a code never changes its meaning. */
export const CODES = {
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
  'spec/unavailable': {
    title: 'a setting that this release cannot carry out',
    why: 'Ignoring it silently would be worse than refusing.',
    cure: 'Leave it out, or use a release that has it.',
  },
  'target/unknown': {
    title: 'an unknown distribution',
    why: 'Every target needs a row of the catalog: package names and boot files differ.',
    cure: '`toa-bake targets` lists the ids.',
  },
  'target/method': {
    title: 'a method that the target cannot have',
    why: 'The method depends on packages or kernels that this distribution does not have.',
    cure: 'Choose another method, or auto.',
  },
  'target/method-unavailable': {
    title: 'a method that this release cannot carry out',
    why: 'It is part of the specification format, and not built yet.',
    cure: 'Choose a method that the message lists.',
  },
  'target/no-method': {
    title: 'auto has no proven answer',
    why: 'auto only picks what was booted and probed on the kernel series of the target.',
    cure: 'Name a method yourself; the plan then says that it is unproven.',
  },
  'target/secure-boot': {
    title: 'Secure Boot refuses the module',
    why: 'An unsigned module does not load where Secure Boot is enforced.',
    cure: 'Switch Secure Boot off for these machines, or leave the target out.',
  },
  'target/arch': {
    title: 'the distribution does not exist for this architecture',
    why: 'There is no such image to boot.',
    cure: 'Choose another architecture or release.',
  },
  'target/twice': {
    title: 'a target is listed twice',
    why: 'Both would be written to the same place.',
    cure: 'Remove one of the two.',
  },
  'trust/any': {
    title: 'everybody is trusted',
    why: 'Any client that reaches the port can then choose the address that your logs, limits and access lists see.',
    cure: 'List the networks of your scrubbing service.',
  },
  'trust/documentation': {
    title: 'a documentation network is trusted',
    why: 'It is left over from an example: no scrubber has such an address, so no option would ever be believed.',
    cure: 'Put the networks of your scrubbing service there.',
  },
  'size/limit': {
    title: 'user-data is over the limit of a cloud',
    why: 'The cloud would refuse to start the machine, or cut the user-data.',
    cure: 'Shorten the trust list (larger networks), or bake an image.',
  },
  'size/gzip': {
    title: 'user-data fits a cloud only when it is compressed',
    why: 'Handed over as it is, the cloud would refuse it.',
    cure: 'Hand over the output of gzip -9 -c user-data; cloud-init unpacks it. In Terraform: base64gzip(file(...)).',
  },
  'size/warning': {
    title: 'user-data is near the limit of a cloud',
    why: 'Older pages or tools of that cloud state a smaller limit than its newest.',
    cure: 'Keep below the smaller limit if you can.',
  },
  'output/foreign': {
    title: 'a file is in the way that is not ours',
    why: 'toa-bake never overwrites what somebody else wrote, nor its own file edited since.',
    cure: 'Move it away, choose another directory, or say --force.',
  },
  'output/unwritable': {
    title: 'the output cannot be written',
    why: 'Nothing was written.',
    cure: 'Check the directory and its permissions.',
  },
  'output/drift': {
    title: 'written files differ from what the spec gives now',
    why: '`render --check` keeps a repository honest: what is deployed is what the spec says.',
    cure: 'Run `toa-bake render` and commit the result.',
  },
} as const satisfies Readonly<Record<string, Code>>;

/** A code that has a row above: a problem with any other does not compile. */
export type CodeId = keyof typeof CODES;
