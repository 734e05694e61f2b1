/** Lists of TCP options as a stranger may send them: sound ones, nearly sound ones, and noise. */

import fc from 'fast-check';
import { LAYOUTS, type Question } from './model.ts';

/** TCP options take 40 bytes at most; the parser must not rely on it. */
const LONGEST = 60;

const KINDS = Object.keys(LAYOUTS).map(Number);

/** Neighbours of the kinds that are known, and what every connection carries. */
const OTHER_KINDS = [2, 3, 4, 5, 8, 27, 29, 30, 34, 199, 201, 202, 251, 255];

/** Addresses on both sides of each border that the rules draw. */
const ADDRESSES_4 = [
  ...[
    [0, 0, 0, 0],
    [0, 0, 0, 1],
    [0, 1, 0, 0],
    [126, 255, 255, 255],
    [127, 0, 0, 0],
    [127, 0, 0, 1],
  ],
  ...[
    [127, 255, 255, 255],
    [128, 0, 0, 0],
    [203, 0, 113, 9],
    [223, 255, 255, 255],
    [224, 0, 0, 0],
  ],
  ...[
    [239, 255, 255, 255],
    [240, 0, 0, 0],
    [255, 0, 0, 0],
    [255, 255, 255, 254],
    [255, 255, 255, 255],
  ],
];
const ZEROS = new Array<number>(10).fill(0);
const ADDRESSES_16 = [
  ...ADDRESSES_4.flatMap((address) => [
    [...ZEROS, 255, 255, ...address],
    [...ZEROS, 0, 0, ...address],
    [...ZEROS, 255, 0, ...address],
    [1, ...ZEROS.slice(1), 255, 255, ...address],
  ]),
  [...ZEROS, 0, 0, 0, 0, 0, 2],
  [0x20, 1, 0xd, 0xb8, ...ZEROS, 0, 7],
  [0xfe, 0x80, ...ZEROS, 0, 0, 0, 1],
  [0xfe, ...new Array<number>(15).fill(255)],
  [0xff, 2, ...ZEROS, 0, 0, 0, 1],
  [1, ...ZEROS, 0, 0, 0, 0, 1],
];

const byte = fc.nat(255);
const bytes = (most: number) => fc.array(byte, { maxLength: most, size: 'max' });
const noise = (length: number) => fc.array(byte, { minLength: length, maxLength: length });
const kind = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...KINDS) }, fc.constantFrom(...OTHER_KINDS), byte);

const address = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ADDRESSES_4) },
  { weight: 3, arbitrary: fc.constantFrom(...ADDRESSES_16) },
  { weight: 2, arbitrary: noise(4) },
  { weight: 2, arbitrary: noise(16) },
);
const head = fc.constantFrom([0, 0], [0, 1], [1, 0], [48, 57], [1], [0], [2], []);

/** Port or version, and address, behind a length that tells the truth or is a few off. */
const nearlyOurs = fc
  .tuple(kind, head, address, fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: -3, max: 3 })))
  .map(([first, middle, last, error]) => {
    const body = [...middle, ...last];
    return [first, (body.length + 2 + error) & 255, ...body];
  });

/** As the rules want it, whatever the kind: most of these are found. */
const ours = fc
  .tuple(fc.constantFrom(...KINDS), address, fc.integer({ min: 1, max: 65_535 }))
  .map(([first, last, port]) => {
    const body = LAYOUTS[first]?.head === 'version' ? [1, ...last] : [port >> 8, port & 255, ...last];
    return [first, body.length + 2, ...body];
  });

const usual = fc.constantFrom([2, 4, 5, 180], [4, 2], [3, 3, 7], [8, 10, 1, 2, 3, 4, 5, 6, 7, 8]);

const option = fc.oneof(
  { weight: 6, arbitrary: ours },
  { weight: 4, arbitrary: nearlyOurs },
  { weight: 2, arbitrary: usual },
  { weight: 2, arbitrary: fc.constant([1]) },
  fc.constant([0]),
  fc.tuple(kind, bytes(6)).map(([first, body]) => [first, body.length + 2, ...body]),
  fc.tuple(kind, byte).map(([first, length]) => [first, length]),
  bytes(4),
);

/** Whole lists, and lists that end somewhere. */
const list = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(option, { maxLength: 4, size: 'max' }).map((options) => options.flat().slice(0, LONGEST)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.array(option, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 24 }))
      .map(([options, cut]) => options.flat().slice(0, -cut)),
  },
  bytes(LONGEST),
);

/** A list, and any set of kinds, unknown ones among them. */
export const question: fc.Arbitrary<Question> = fc.record({
  kinds: fc.oneof(fc.constant(KINDS), fc.subarray(KINDS), fc.subarray([...KINDS, 0, 1, 2, 255])),
  list,
});
