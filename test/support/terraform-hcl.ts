/** terraform/ as HashiCorp's own parser sees it, and what cloud-init makes of the parts that its examples put together. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inRepo } from './cli.ts';
import { parseHcl } from './hcl.ts';
import { cloudInitOf, type Judged, judge } from './merge/cloud-init.ts';

const ROOT = inRepo('terraform/');

/** Every file of terraform/, by path below it. */
export const sources = readdirSync(ROOT, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
  .sort();
/** Those of them that are HCL. */
export const hclFiles = sources.filter((path) => /\.(tf|hcl)$/.test(path));
/** The text of one. */
export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** A block's attributes and the blocks in it. */
export type Block = Readonly<Record<string, unknown>>;
/** A folder of .tf files: blocks by their labels. */
export interface Parsed {
  readonly variable?: Readonly<Record<string, readonly Block[]>>;
  readonly output?: Readonly<Record<string, readonly Block[]>>;
  readonly terraform?: readonly Block[];
  readonly resource?: Readonly<Record<string, Readonly<Record<string, readonly Block[]>>>>;
  readonly data?: Parsed['resource'];
}

/** What HashiCorp's own parser sees, one document a folder. */
async function parseFolder(folder: string): Promise<Parsed> {
  const texts = hclFiles.filter((path) => path.endsWith('.tf') && dirname(path) === folder).map(read);
  return await parseHcl(`${folder}.tf`, texts.join('\n'));
}

/** The module itself. */
export const module = await parseFolder('.');
/** Each example, by its folder. */
export const examples = await Promise.all(
  sources
    .filter((path) => /^examples\/.*\.tf$/.test(path))
    .map(async (path) => ({ name: dirname(path), hcl: await parseFolder(dirname(path)) })),
);

/** Names after a prefix in any expression; comments are gone by now. */
export function namesIn(hcl: unknown, prefix: string): readonly string[] {
  const found = JSON.stringify(hcl).matchAll(new RegExp(`\\b${prefix.replaceAll('.', '\\.')}(\\w+)`, 'g'));
  return [...new Set([...found].map((match) => match[1] ?? ''))].sort();
}

/** Sorted. */
export const keys = (blocks: object | undefined): readonly string[] => Object.keys(blocks ?? {}).sort();

/** With it the later part adds to the lists of the earlier; without, one replaces the other's. */
export const MERGE_TYPE = 'list(append)+dict(no_replace,recurse_list)+str()';

/** What cloud-init makes of cloud-config parts that are put together as the provider does it. */
export async function cloudInitSees(parts: readonly string[], mergeType: string | undefined): Promise<Judged> {
  const merge = mergeType === undefined ? '' : `X-Merge-Type: ${mergeType}\r\n`;
  const bodies = parts.map((content, at) => {
    const headers = `Content-Transfer-Encoding: 7bit\r\nContent-Type: text/cloud-config\r\nMime-Version: 1.0\r\n`;
    return `--MIMEBOUNDARY\r\n${headers}${at > 0 ? merge : ''}\r\n${content}\r\n`;
  });
  const head = 'Content-Type: multipart/mixed; boundary="MIMEBOUNDARY"\nMIME-Version: 1.0\r\n\r\n';
  const { it: judged } = await judge(await cloudInitOf('installed'), {
    it: `${head}${bodies.join('')}--MIMEBOUNDARY--\r\n`,
  });
  if (!judged) throw new Error('cloud-init said nothing');
  return judged;
}
