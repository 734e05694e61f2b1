/** Keeps what was computed last, at most `most` of it. */
export function remember<K, V>(most: number, compute: (key: K) => V): (key: K) => V {
  const kept = new Map<K, V>();
  return (key) => {
    const value = kept.get(key) ?? compute(key);
    // Put last again: what stands first in a Map was used longest ago.
    kept.delete(key);
    kept.set(key, value);
    const [oldest] = kept.keys();
    if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    return value;
  };
}
