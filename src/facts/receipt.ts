import { Unreadable } from '../image/look.ts';
import { isReceipt } from './receipt-schema.ts';
import type { Receipt } from './types.ts';

/** A receipt of toa-setup; what does not fit its schema is not understood. */
export function parseReceipt(text: string): Receipt {
  const data = parseJson(text);
  if (!isReceipt(data)) {
    const [error] = isReceipt.errors ?? [];
    throw new Unreadable(`the receipt does not fit its schema: ${error?.instancePath} ${error?.message}`);
  }
  return data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable('the receipt is not JSON');
  }
}
