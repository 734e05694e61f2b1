import { closest } from 'fastest-levenshtein';

/** The known word that a misspelt one is most like. Compares beginnings only: the time grows with both lengths. */
export function nearest(text: string, known: readonly string[]): string {
  return closest(text.slice(0, 100), known);
}
