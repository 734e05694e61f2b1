import { given } from './look.ts';
import type { Check } from './types.ts';
import { holds, unknown } from './verdict.ts';

export const imageUnreadable: Check = {
  code: 'image/unreadable',
  severity: 'error',
  judge: ({ os }) =>
    given(
      os,
      ({ prettyName, id, versionId }) => holds(prettyName || `${id} ${versionId}`),
      unknown('there is no os-release: this does not look like the root of a machine, or is only a part of one'),
    ),
};
