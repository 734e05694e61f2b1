import type { Code } from './types.ts';

/** What can be wrong with what a spec asks for. */
export const PLAN_CODES = {
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
  'target/no-method': {
    title: 'auto has no proven answer',
    why: 'auto only picks what was booted and probed on the kernel series of the target.',
    cure: 'Name a method yourself; the plan then says that it is unproven.',
  },
  'target/secure-boot': {
    title: 'Secure Boot refuses the module',
    why: 'An unsigned module does not load where Secure Boot is enforced.',
    cure: 'Have it signed (`signing`), use programs (method ebpf), or switch Secure Boot off for these machines.',
  },
  'signing/key': {
    title: 'a key without its certificate, or no key at all',
    why: 'A module is signed with the key, and the firmware knows the certificate.',
    cure: 'Give both, or `signing: {onMachine: true}` alone: then each machine makes a key of its own.',
  },
  'signing/rebuild': {
    title: 'no key is there when the next kernel comes',
    why: 'A module is built and signed anew for each kernel. Without a key on the machine the next one would come up without a reader.',
    cure: 'Use programs (method ebpf), hold the kernel (`kernel: {onUpgrade: hold}`), or let the key stay (`signing.onMachine: true`).',
  },
  'signing/unused': {
    title: 'there is nothing to sign',
    why: 'Only what toa-setup builds on the machine is signed by it.',
    cure: 'Leave signing out of this target, or choose a method that builds a module.',
  },
  'signing/user-data': {
    title: 'user-data must not carry a key',
    why: 'Whatever may reach the metadata service of a machine may read its user-data, and with this key sign modules that every machine of yours loads.',
    cure: 'Bake an image or run the script, to which the key is brought in memory; or let each machine make its own.',
  },
  'target/untrusted': {
    title: 'nothing drops what strangers send',
    why: 'untrusted is for readers that believe everybody and so need a packet filter. Our module ignores the option of strangers, and drops nothing.',
    cure: 'Leave untrusted out.',
  },
  'target/files': {
    title: 'the files do not fit the method',
    why: 'Each method takes files of its own roles: an archive of sources, packages of a kernel, or modules that name their kernel.',
    cure: 'Give the files that the message names, in the target that needs them.',
  },
  'target/module-name': {
    title: 'a reader that is not called toa',
    why: '`toa-bake validate` knows readers by the names toa and vtoa, and would say that this machine has none.',
    cure: 'Rely on what toa-setup verifies on the machine, or use a reader of a usual name.',
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
} as const satisfies Readonly<Record<string, Code>>;
