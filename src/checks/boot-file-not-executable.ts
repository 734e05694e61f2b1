import { judgeHindrance } from './loaders.ts';
import type { Check } from './types.ts';

export const bootFileNotExecutable: Check = {
  code: 'boot/file-not-executable',
  severity: 'error',
  judge: (facts, expected) => judgeHindrance(facts, expected, 'not-executable'),
};
