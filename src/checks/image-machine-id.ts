import { given } from './look.ts';
import { LIVE } from './sealed.ts';
import type { Check } from './types.ts';
import { fails, file, holds, skipped } from './verdict.ts';

export const imageMachineId: Check = {
  code: 'image/machine-id',
  severity: 'warning',
  judge: ({ source, hygiene }) => {
    if (source.live) return [LIVE];
    const evidence = [file('/etc/machine-id')];
    return given(
      hygiene.machineId,
      (state) => {
        if (state === 'set')
          return fails('/etc/machine-id is set: every machine from this image has the same', { evidence });
        if (state === 'missing') return fails('/etc/machine-id is missing; it should be there and empty', { evidence });
        return holds(`/etc/machine-id is ${state}`, evidence);
      },
      skipped('there is no systemd'),
    );
  },
};
