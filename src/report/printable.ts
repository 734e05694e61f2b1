/**
 * Text that a terminal only shows: control characters, and those that change the direction of writing, become \uXXXX (inside a
 * JSON document they stand in strings only, where that is what they are written as). Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const UNSAFE = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu;
