import { judgeLeft } from './sealed.ts';
import type { Check } from './types.ts';

export const imageHistory: Check = {
  code: 'image/history',
  severity: 'warning',
  judge: (facts) => judgeLeft(facts, ({ hygiene }) => hygiene.histories, 'shell history'),
};
