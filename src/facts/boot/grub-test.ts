import type { GrubWorld } from './grub-run.ts';

type Comparison = (left: string, right: string) => boolean;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': (left, right) => left === right,
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '-eq': (left, right) => Number(left) === Number(right),
  '-ne': (left, right) => Number(left) !== Number(right),
  '-lt': (left, right) => Number(left) < Number(right),
  '-le': (left, right) => Number(left) <= Number(right),
  '-gt': (left, right) => Number(left) > Number(right),
  '-ge': (left, right) => Number(left) >= Number(right),
};

/** The command `[`, which is also called `test`: whether its words hold. */
export async function test(world: GrubWorld, words: readonly string[]): Promise<boolean> {
  for (const [join, decides] of [
    ['-o', true],
    ['-a', false],
  ] as const) {
    const at = words.indexOf(join);
    if (at > 0) {
      const left = await test(world, words.slice(0, at));
      return left === decides ? decides : test(world, words.slice(at + 1));
    }
  }
  const [first = '', second = '', third = ''] = words;
  if (first === '!') return !(await test(world, words.slice(1)));
  const compare = COMPARISONS[second];
  if (words.length === 3 && compare) return compare(first, third);
  switch (words.length === 2 ? first : '') {
    case '-n':
      return second !== '';
    case '-z':
      return second === '';
    case '-s':
      return ((await world.size(second)) ?? 0) > 0;
    case '-f':
      return (await world.size(second)) !== undefined;
    case '-d':
      return world.isDirectory(second);
    case '-e':
      return (await world.size(second)) !== undefined || world.isDirectory(second);
    default:
      return words.length === 1 && first !== '';
  }
}
