import type { Blocks, Keep } from '../disk/blocks.ts';
import { Unreadable } from '../look.ts';
import type { Node } from '../tree.ts';
import { compressionOf, unpack } from '../unpack.ts';
import { addLayer, findLayers } from './layers.ts';
import { blocksOf, findNode, nodeOf, readTar, type TarNode } from './tree.ts';

/** The files of an archive: of the image, where it holds one in layers. Layers that are packed are unpacked into files of their own. */
export async function openTar(archive: Blocks, keep: Keep): Promise<Node> {
  const outer = readTar(archive);
  const layers = findLayers(outer);
  if (!layers) return nodeOf(outer);
  const image = readTar(EMPTY_ARCHIVE);
  for (const path of layers) addLayer(image, await readLayer(outer, path, keep));
  return nodeOf(image);
}

async function readLayer(outer: TarNode, path: string, keep: Keep): Promise<TarNode> {
  const found = findNode(outer, path);
  if (found?.stat.type !== 'file') throw new Unreadable(`its layer ${path} is missing`);
  const blocks = blocksOf(found);
  const compression = compressionOf(blocks);
  return readTar(compression ? keep(await unpack(blocks, compression)) : blocks);
}

const EMPTY_ARCHIVE: Blocks = { size: 512, read: () => Buffer.alloc(512) };
