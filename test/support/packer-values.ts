// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are HCL's
/** Values for property tests of the HCL encoder. */

import fc from 'fast-check';
import type { HclValue } from '../../src/render/hcl.ts';

/** HCL keeps every string in normal form C. */
export const normal = (value: HclValue): unknown => JSON.parse(JSON.stringify(value).normalize('NFC'));

/** Text that any of the readers might take for something else: pieces that mean something to HCL, to Packer or to a shell, and any text between them. */
export const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '${',
        '%{',
        '$',
        '%',
        '$$',
        '{',
        '}',
        '{{',
        '"',
        '\\',
        '\\u0041',
        '\n',
        '\r\n',
        '\t',
        '--x',
        '~}',
      ),
      fc.constantFrom('<<EOT', '#', '//', '/*', '\u0000', '\u001b', '\u0085', '\u2028', '\ufeff', 'é', '網', '🦫', "'"),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))
  // Not normalised piecewise: a letter and an accent that meet become one.
  .filter((value) => !/\p{Cs}/u.test(value));

/** Any value, nested. */
export const value: fc.Arbitrary<HclValue> = fc.letrec<{ value: HclValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom('for', 'if', 'null', 'a-b', 'plain')), tie('value'), { maxKeys: 4 }),
  ),
})).value;
