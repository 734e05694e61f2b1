import { judgeLeft } from './sealed.ts';
import type { Check } from './types.ts';

export const imageAuthorizedKeys: Check = {
  code: 'image/authorized-keys',
  severity: 'warning',
  judge: (facts) => judgeLeft(facts, ({ hygiene }) => hygiene.authorizedKeys, 'authorized keys'),
};
