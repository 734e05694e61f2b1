/** What measuring machines print: lines "name value", below the line "state NAME" that they belong to. */

/** Figures of one state of the machine, by the names that cost.c gives them. */
export type Figures = Readonly<Record<string, number>>;

/** Figures by the state in which they were measured, in the order in which they were measured. */
export type States = Readonly<Record<string, Figures>>;

export function parseStates(output: string): States {
  const [, ...parts] = output.split(/^state /m);
  return Object.fromEntries(
    parts.map((part) => {
      const [name = '', ...lines] = part.trim().split('\n');
      const figures = lines.map((line) => line.split(' ')).filter(([, value]) => Number.isFinite(Number(value)));
      return [name, Object.fromEntries(figures.map(([key, value]) => [key, Number(value)]))];
    }),
  );
}

export function figure(states: States, state: string, name: string): number {
  const value = states[state]?.[name];
  if (value === undefined) throw new Error(`the machine measured no "${name}" in the state "${state}"`);
  return value;
}

/** Of values in any order: lower quartile, median, upper quartile. */
export function quartiles(values: readonly number[]): readonly [number, number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const part = (share: number) => at(sorted, Math.floor((sorted.length - 1) * share));
  return [part(0.25), part(0.5), part(0.75)];
}

export function at(values: readonly number[], i: number): number {
  const value = values[i];
  if (value === undefined) throw new Error(`no value ${i} of ${values.length}`);
  return value;
}
