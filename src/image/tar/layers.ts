import { Unreadable } from '../look.ts';
import { read, walk } from '../tree.ts';
import { nodeOf, type TarNode } from './tree.ts';

const LARGEST_MANIFEST = 4 * 1024 * 1024;
const MOST_LAYERS = 512;
const HIDES = '.wh.';
const HIDES_ALL = '.wh..wh..opq';

/** Paths of the layers inside of an archive that `docker save` or an OCI tool wrote, lowest first; undefined: it is no such archive. */
export function findLayers(archive: TarNode): readonly string[] | undefined {
  const docker = readJson(archive, '/manifest.json');
  if (docker !== undefined) return dockerLayers(docker);
  return readJson(archive, '/oci-layout') === undefined
    ? undefined
    : ociLayers(archive, readJson(archive, '/index.json'));
}

/** Puts a layer over what is below it. A layer hides a name with an empty file `.wh.NAME`. */
export function addLayer(below: TarNode, layer: TarNode): void {
  if (layer.children.has(HIDES_ALL)) below.children.clear();
  for (const name of layer.children.keys()) if (name.startsWith(HIDES)) below.children.delete(name.slice(HIDES.length));
  for (const [name, node] of layer.children) {
    if (name.startsWith(HIDES)) continue;
    const before = below.children.get(name);
    const isMerged = before?.stat.type === 'directory' && node.stat.type === 'directory';
    const target = isMerged ? before : { ...node, children: new Map<string, TarNode>() };
    target.stat = node.stat;
    addLayer(target, node);
    below.children.set(name, target);
  }
}

function dockerLayers(manifest: unknown): readonly string[] {
  const images = asList(manifest);
  if (images.length !== 1) throw new Unreadable(`it holds ${images.length} images; save one at a time`);
  return checked(asList(field(images[0], 'Layers')).map(asText));
}

/** An index may lead to an index for each architecture; what is signed about an image is no image. */
function ociLayers(archive: TarNode, index: unknown, depth = 0): readonly string[] {
  const manifests = asList(field(index, 'manifests')).filter((m) => field(field(m, 'platform'), 'os') !== 'unknown');
  if (manifests.length !== 1 || depth > 2)
    throw new Unreadable(`it holds ${manifests.length} images; save one at a time`);
  const manifest = readJson(archive, blobPath(field(manifests[0], 'digest')));
  if (field(manifest, 'manifests') !== undefined) return ociLayers(archive, manifest, depth + 1);
  return checked(asList(field(manifest, 'layers')).map((layer) => blobPath(field(layer, 'digest'))));
}

function checked(layers: readonly string[]): readonly string[] {
  if (layers.length === 0 || layers.length > MOST_LAYERS)
    throw new Unreadable(`it is an image with ${layers.length} layers`);
  return layers;
}

function blobPath(digest: unknown): string {
  return `/blobs/${asText(digest).replace(':', '/')}`;
}

function readJson(archive: TarNode, path: string): unknown {
  const node = walk(nodeOf(archive), path);
  if (node?.stat.type !== 'file') return undefined;
  try {
    return JSON.parse(Buffer.from(read(node, LARGEST_MANIFEST)).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unreadable(`its ${path.slice(1)} is not JSON`);
    throw error;
  }
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([k]) => k === key)?.[1] : undefined;
}

function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Unreadable('the manifest of its layers is corrupt');
  return value;
}

function asText(value: unknown): string {
  if (typeof value !== 'string') throw new Unreadable('the manifest of its layers is corrupt');
  return value;
}
