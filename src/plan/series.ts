/** Orders kernel series ("5.10" after "5.4"): negative, zero or positive, as sort wants it. */
export function compareSeries(a: string, b: string): number {
  const [x, y] = [a, b].map((s) => s.split('.').map(Number)) as [number[], number[]];
  const differs = x.findIndex((part, i) => part !== (y[i] ?? 0));
  return differs < 0 ? 0 : (x[differs] ?? 0) - (y[differs] ?? 0);
}

export function isWithin(series: string, range: { readonly from: string; readonly to: string }): boolean {
  return compareSeries(series, range.from) >= 0 && compareSeries(series, range.to) <= 0;
}
