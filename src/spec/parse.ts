import { readDocument } from './document.ts';
import type { Path, Problem, Settings, Spec, TargetSpec, Wanted } from './types.ts';
import { validateSchema } from './validate.ts';

/** A spec's text, read: what is sound in it, what is wrong with it, and the way from a path to its line. */
export interface ParsedSpec {
  /** Holds what is sound even where `problems` is not empty, so that later stages can report theirs in the same run. */
  readonly spec: Spec;
  readonly problems: readonly Problem[];
  /** Gives a problem found later its line and column: those of the path's deepest part that is in the text. */
  readonly locate: (problem: Problem) => Problem;
}

/** Text -> Spec. Pure; never throws for what a user can write. */
export function parseSpec(text: string): ParsedSpec {
  const { data, problems: broken, locate } = readDocument(text);
  if (broken.length > 0) return { spec: { wanted: [] }, problems: broken, locate };
  if (data === null || data === undefined) return { spec: { wanted: [] }, problems: [locate(EMPTY)], locate };
  const problems = validateSchema(data).map(locate);
  return { spec: { wanted: normalise(data, problems) }, problems, locate };
}

const EMPTY: Problem = {
  code: 'spec/empty',
  severity: 'error',
  path: [],
  message: 'the spec is empty; expected a YAML mapping with version, trust and targets',
  hint: '`toa-bake init` writes a commented one to start from',
};

const SETTINGS = [
  'trust',
  'option',
  'clouds',
  'arch',
  'secureBoot',
  'method',
  'kernel',
  'boot',
  'untrusted',
  'signing',
  'payload',
  'files',
] as const;

/** The sound targets, the top's sound settings merged in. Only what the schema has passed is touched. */
function normalise(data: unknown, problems: readonly Problem[]): Wanted[] {
  const unsound = (at: Path): boolean => problems.some((p) => at.every((step, i) => p.path[i] === step));
  const isMapping = (x: unknown): x is Record<string, unknown> =>
    typeof x === 'object' && x !== null && !Array.isArray(x);
  if (!isMapping(data) || !Array.isArray(data.targets) || data.targets.length > MOST_TARGETS) return [];
  const sound = SETTINGS.filter((key) => key in data && !unsound([key]));
  const defaults: Settings = Object.fromEntries(sound.map((key) => [key, data[key]]));
  return data.targets.flatMap((entry: unknown, i): Wanted[] => {
    if (unsound(['targets', i])) return [];
    // The schema has passed this entry: a string, or an object of this shape.
    const own = (typeof entry === 'string' ? { os: entry } : entry) as TargetSpec;
    return [{ ...defaults, ...own, at: ['targets', i], own: Object.keys(own) }];
  });
}

/** The schema's limit, past which the targets are not even looked at one by one. */
const MOST_TARGETS = 1000;
