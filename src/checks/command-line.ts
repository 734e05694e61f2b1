import type { Facts } from '../facts/types.ts';
import type { Look } from '../image/types.ts';
import { derive, known, orElse } from './look.ts';

/** Words of the next boot's command line, from everybody who says one; none where there is no boot loader. */
export function commandLine({ boot, running }: Facts): Look<readonly string[]> {
  return derive(orElse(boot, null), (loader) =>
    derive(orElse(loader ? loader.commandLine : known(''), ''), (line) =>
      derive(orElse(running, null), (now) => known(`${line} ${now?.commandLine ?? ''}`.split(/\s+/).filter(Boolean))),
    ),
  );
}

/** Values of `key=a,b` words. */
export function valuesOf(words: readonly string[], key: string): readonly string[] {
  return words.filter((word) => word.startsWith(`${key}=`)).flatMap((word) => word.slice(key.length + 1).split(','));
}
