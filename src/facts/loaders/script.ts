import type { TextFile } from '../see.ts';
import type { Evidence } from '../types.ts';

/** A place in a script where it loads a reader. */
export interface Load {
  readonly evidence: Evidence;
  readonly loads: readonly string[];
  readonly needs: readonly string[];
}

/** An argument, in which a command substitution may have spaces. */
const WORD = /(?:`[^`]*`|\$\([^)]*\)|"[^"]*"|'[^']*'|[^\s;&|<>`"'])+/g;
const LOADS = /(?:^|[\s;&|(!@+/-])(modprobe|insmod)\s+(.*)$/;
/** The command that does nothing, as which toa-setup leaves what was there by hand. */
const NOTHING = /(?<=^|[\s;&|({]):\s[^;&|]*/g;
const OURS = /\btoa-setup\s+(?:load|all)\b/;
const ASKS = /(?:\[|\btest)\s+!?\s*-[efsr]\s+(.*)$/;
const MODULE = /(?:^|\/)v?toa(?:\.ko(?:\.\w+)?)?$/;

/** What a shell script, or the commands of a unit, load: nothing after a plain `exit 0`. Null: nothing of ours. */
export function loadsOf({ path, text }: TextFile): Load | null {
  const loads: string[] = [];
  const needs: string[] = [];
  let evidence: Evidence | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^exit\b/.test(line)) break;
    const code = line.replace(/(?:^|\s)#.*$/, '').replace(NOTHING, '');
    const asked = wordsOf(ASKS.exec(code)?.[1]).find((word) => word.startsWith('/'));
    if (asked !== undefined && MODULE.test(asked)) needs.push(asked);
    const found = loadsInLine(code);
    if (found.length === 0) continue;
    loads.push(...found);
    evidence ??= { path, line: index + 1, text: line.trim().slice(0, 500) };
  }
  return evidence && { evidence, loads: [...new Set(loads)], needs: [...new Set(needs)] };
}

function loadsInLine(code: string): readonly string[] {
  if (OURS.test(code)) return ['toa'];
  const [, program, rest] = LOADS.exec(code) ?? [];
  const all = wordsOf(rest);
  if (all.some((word) => /^-\w*r|^--remove$/.test(word))) return [];
  const words = all.filter((word) => !word.startsWith('-'));
  // Others of insmod's words are parameters, as are all but the first of modprobe's unless it is told -a.
  const candidates =
    program === 'insmod' || !all.some((word) => /^-\w*a|^--all$/.test(word)) ? words.slice(0, 1) : words;
  return candidates.filter((word) => MODULE.test(word));
}

function wordsOf(text = ''): readonly string[] {
  return (text.split(/[;&|]|\s\]/, 1)[0]?.match(WORD) ?? []).map((word) => word.replace(/["']/g, ''));
}
