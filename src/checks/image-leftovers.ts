import { judgeLeft } from './sealed.ts';
import type { Check } from './types.ts';

export const imageLeftovers: Check = {
  code: 'image/leftovers',
  severity: 'warning',
  judge: (facts) => judgeLeft(facts, ({ hygiene }) => hygiene.leftovers, 'leftovers of a bake'),
};
