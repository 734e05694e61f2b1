import { given } from './look.ts';
import type { Check } from './types.ts';
import { fails, file, holds, skipped, unknown } from './verdict.ts';

export const receiptFailed: Check = {
  code: 'receipt/failed',
  severity: 'error',
  judge: ({ setup }) =>
    given(
      setup.receipt,
      ({ result, step, reason, verify }) => {
        const evidence = [file('/var/lib/toa/receipt.json', `result: ${result}, step: ${step}`)];
        if (result === 'failed') return fails(`toa-setup ${step} failed: ${reason}`, { evidence });
        if (verify?.result === 'fail') return fails(`toa-setup verify failed: ${verify.reason}`, { evidence });
        // Loaded and never tried: nobody has seen it work.
        return result === 'unknown'
          ? unknown(`toa-setup could not try the reader: ${verify?.reason ?? reason}`, evidence)
          : holds(`toa-setup ${step}: ${result}`, evidence);
      },
      skipped('there is no receipt'),
    ),
};
