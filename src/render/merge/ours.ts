import { parse, stringify } from 'yaml';
import { strip } from '../strip.ts';
import type { Guest } from '../types.ts';

/** What we add to the user's user-data. */
export interface Ours {
  /** A shell script of its own, ASCII. */
  readonly script: string;
  /** #cloud-config of nothing but power_state; undefined: the plan allows no reboot. */
  readonly reboot: string | undefined;
}

/** Our script's file name among the user's scripts, which cloud-init runs in the order of their names. */
export const OUR_NAME = '00-toa-bake.sh';

/** The line of user-data.sh below which the payload begins. */
const MARK = '# --- script ---';

/** Lines of MIME have at most 998 characters. */
const LINE = 960;

/** Our #cloud-config as a script that carries the same payload, and its power_state alone. */
export function convertOurs(userData: string, guest: Guest): Ours {
  // Made by renderUserData: of this shape, or it is a bug and throws.
  const { write_files, power_state } = parse(userData, { version: '1.1' }) as {
    readonly write_files: readonly [{ readonly content: string }];
    readonly power_state?: unknown;
  };
  const program = strip(guest('user-data.sh'), 'sh');
  const [, ...comments] = /^#cloud-config\n((?:# .*\n)*)/.exec(userData) ?? [];
  const payload = write_files[0].content.replace(new RegExp(`.{1,${LINE}}`, 'g'), '$&\n');
  return {
    script: `${program}${comments.join('')}${MARK}\n${payload}`,
    reboot: power_state === undefined ? undefined : `#cloud-config\n${stringify({ power_state }, { version: '1.1' })}`,
  };
}
