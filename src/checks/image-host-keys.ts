import { judgeLeft } from './sealed.ts';
import type { Check } from './types.ts';

export const imageHostKeys: Check = {
  code: 'image/host-keys',
  severity: 'warning',
  judge: (facts) => judgeLeft(facts, ({ hygiene }) => hygiene.hostKeys, 'host keys'),
};
