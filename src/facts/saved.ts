import type { Look } from '../image/types.ts';
import { fitsSchema } from './schema.ts';
import type { Facts } from './types.ts';

/** Facts that `toa-bake facts` saved. Unknown: this is something else, or was changed or cut off, and where. */
export function parseFacts(text: string): Look<Facts> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return { state: 'unknown', why: `it is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (fitsSchema(data)) return { state: 'known', value: data };
  // The last error is about the whole of an anyOf; the deepest path leads closest to the fault.
  const [error] = [...(fitsSchema.errors ?? [])].sort((a, b) => b.instancePath.length - a.instancePath.length);
  return { state: 'unknown', why: `${error?.instancePath || 'the document'} ${error?.message ?? 'does not fit'}` };
}
