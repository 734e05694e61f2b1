import { type Blocks, slice } from '../disk/blocks.ts';
import { Unreadable } from '../look.ts';
import { type Node, trace } from '../tree.ts';
import type { Stat } from '../types.ts';
import { type TarEntry, tarEntries } from './entries.ts';

/** A file of an archive while its tree is built: later members replace earlier ones. */
export interface TarNode {
  stat: Stat;
  readonly children: Map<string, TarNode>;
  readonly target: string;
  /** A file's content; the reason where it cannot be had. */
  readonly content: Blocks | string;
}

const DEEPEST = 2048;
/** Of everything that is no directory, and so never gets any. */
const CHILDLESS = new Map<string, TarNode>();

/** The files of an archive, as unpacking it into an empty directory would leave them. */
export function readTar(archive: Blocks): TarNode {
  const root = folder();
  for (const entry of tarEntries(archive)) addEntry(root, entry, archive);
  return root;
}

/** A file or directory, for reading. */
export function nodeOf(node: TarNode): Node {
  return {
    stat: node.stat,
    child: (name) => {
      const child = node.children.get(name);
      return child && nodeOf(child);
    },
    names: () => [...node.children.keys()],
    target: () => node.target,
    content: (offset, length) => {
      const end = Math.min(node.stat.size, offset + length);
      return offset >= end ? Buffer.alloc(0) : blocksOf(node).read(offset, end - offset);
    },
  };
}

/** A file's content, to be read in parts. */
export function blocksOf({ content }: TarNode): Blocks {
  if (typeof content === 'string') throw new Unreadable(content);
  return content;
}

/** What a path leads to, after all links. */
export function findNode(root: TarNode, path: string): TarNode | undefined {
  const way = trace(nodeOf(root), path, true);
  return (
    way &&
    descend(
      root,
      way.map(({ name }) => name),
    )
  );
}

function addEntry(root: TarNode, entry: TarEntry, archive: Blocks): void {
  const parts = partsOf(entry.name);
  const name = parts?.at(-1);
  if (!parts || parts.length > DEEPEST) return;
  if (name === undefined) {
    if (entry.type === 'directory') root.stat = statOf(entry, 'directory');
    return;
  }
  const parent = folderAt(root, parts.slice(0, -1));
  const before = parent.children.get(name);
  if (entry.type === 'directory' && before?.stat.type === 'directory') before.stat = statOf(entry, 'directory');
  else parent.children.set(name, newNode(root, entry, archive));
}

/** Undefined for a name that leads out of the archive: unpacking refuses it too. */
function partsOf(name: string): readonly string[] | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') || name.includes('\0') ? undefined : parts;
}

function newNode(root: TarNode, entry: TarEntry, archive: Blocks): TarNode {
  if (entry.type === 'directory') return { ...folder(), stat: statOf(entry, 'directory') };
  if (entry.type === 'hardlink') {
    const first = descend(root, partsOf(entry.link) ?? []);
    if (first && first.stat.type !== 'directory') return first;
    return file(statOf(entry, 'file'), '', `it is a link to ${entry.link}, which the archive lacks`);
  }
  const target = entry.type === 'symlink' ? entry.link : '';
  const stat = { ...statOf(entry, entry.type), size: target === '' ? entry.size : Buffer.byteLength(target) };
  return file(stat, target, entry.sparse ? 'it is stored as a sparse file' : slice(archive, entry.offset, entry.size));
}

/** A member may come before its directory, without one, or through a link that came before. */
function folderAt(root: TarNode, parts: readonly string[]): TarNode {
  let here = root;
  for (const [i, part] of parts.entries()) {
    const next = here.children.get(part);
    const led = next?.stat.type === 'symlink' ? findNode(root, parts.slice(0, i + 1).join('/')) : next;
    if (led?.stat.type === 'directory') here = led;
    else {
      const made = folder();
      here.children.set(part, made);
      here = made;
    }
  }
  return here;
}

function descend(root: TarNode, parts: readonly string[]): TarNode | undefined {
  let here: TarNode | undefined = root;
  for (const part of parts) here = here?.children.get(part);
  return here;
}

function folder(): TarNode {
  const stat: Stat = { type: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0 };
  return { stat, children: new Map(), target: '', content: 'it is not a regular file' };
}

function file(stat: Stat, target: string, content: Blocks | string): TarNode {
  return { stat, children: CHILDLESS, target, content };
}

function statOf({ mode, uid, gid, size }: TarEntry, type: Stat['type']): Stat {
  return { type, mode, uid, gid, size };
}
