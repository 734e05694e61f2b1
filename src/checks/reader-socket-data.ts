import { eachElf } from './elf.ts';
import { given, orElse } from './look.ts';
import type { Check } from './types.ts';
import { fails, file, holds } from './verdict.ts';

export const readerSocketData: Check = {
  code: 'reader/socket-data',
  severity: 'error',
  judge: (facts, expected) =>
    eachElf(facts, expected, (elf, { path }) => {
      const how = elf.keepsDataInSocket;
      if (how === null) return holds(`${path}: nothing shows that it uses sk_user_data`, [file(path)]);
      return given(orElse(facts.holders, []), (holders) =>
        holders.length > 0
          ? fails(`${path} keeps its data in sk_user_data (${how}), which kTLS or sockmap on this machine own`, {
              evidence: [file(path), ...holders],
            })
          : holds(`${path} keeps its data in sk_user_data (${how}); nothing here uses kTLS or sockmap`, [file(path)]),
      );
    }),
};
