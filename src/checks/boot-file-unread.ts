import { judgeHindrance } from './loaders.ts';
import type { Check } from './types.ts';

export const bootFileUnread: Check = {
  code: 'boot/file-unread',
  severity: 'error',
  judge: (facts, expected) => judgeHindrance(facts, expected, 'unread'),
};
