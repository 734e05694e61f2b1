import type { Code } from './types.ts';

/** What can be wrong with what is written. */
export const OUTPUT_CODES = {
  'size/limit': {
    title: 'user-data is over the limit of a cloud',
    why: 'The cloud would refuse to start the machine, or cut the user-data.',
    cure: 'Serve the script by https and write `payload: {url: https://…}`: user-data then has 3 KB and fetches it. Or shorten the trust list (larger networks), or bake an image.',
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
