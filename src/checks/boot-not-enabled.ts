import { judgeHindrance } from './loaders.ts';
import type { Check } from './types.ts';

export const bootNotEnabled: Check = {
  code: 'boot/not-enabled',
  severity: 'error',
  judge: (facts, expected) => judgeHindrance(facts, expected, 'not-enabled'),
};
