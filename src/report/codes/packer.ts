import type { Code } from './types.ts';

/** Why there is no Packer template for a target. */
export const PACKER_CODES = {
  'packer/no-image': {
    title: 'Packer cannot build an image of this target',
    why: 'Packer starts an image that is there and gets in by what cloud-init sets up; toa-bake has templates for Alibaba Cloud ECS and Amazon EC2, and for QEMU on x86_64.',
    cure: 'Name a cloud in `clouds` that builds for the architecture; else run the script (`render --only script`) on a machine of your own and make the image from that.',
  },
} as const satisfies Readonly<Record<string, Code>>;
