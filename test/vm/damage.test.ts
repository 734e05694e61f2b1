/** Boots nothing: it is here for the time that it takes. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testDamage } from '../image/damage.ts';
import { SPEC } from '../image/good.ts';
import { judged, startLimits } from '../image/judged.ts';
import { scratch, tool } from '../image/tree.ts';

describe('random damage', () => testDamage(500));

it('a gigabyte in a tar.gz of a megabyte: unknown, because', async () => {
  const dir = scratch();
  const path = join(dir, 'bomb.tar.gz');
  const limits = startLimits();
  const zeros = 'head -c 100M /dev/zero | gzip -1 >"$1.part"; for i in 1 2 3 4 5 6 7 8 9 10 11; do cat "$1.part"; done';
  tool('sh', '-c', `tar -C /etc -cf - os-release | head -c 512 | gzip >"$1"; ${zeros} >>"$1"`, 'sh', path);
  const { code, messages } = await judged(dir, path, SPEC);
  expect(code).toBe(3);
  expect(messages).toMatch(/unpacks to more than 200 times its size/);
  limits.check();
});
