import { derive, known } from './look.ts';
import { judgeLeft } from './sealed.ts';
import type { Check } from './types.ts';

export const imageInstanceState: Check = {
  code: 'image/instance-state',
  severity: 'warning',
  judge: (facts) =>
    judgeLeft(
      facts,
      ({ cloudInit }) =>
        derive(cloudInit, ({ instances }) => known(instances.map((name) => `/var/lib/cloud/instances/${name}`))),
      'state of another instance',
    ),
};
