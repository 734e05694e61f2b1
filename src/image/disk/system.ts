import { look, Unreadable } from '../look.ts';
import { type Node, read, trace, walk } from '../tree.ts';
import { type FileSystem, unreadableNode } from './filesystems.ts';
import { isCalled, type Volume } from './volumes.ts';

/** A line of fstab. */
interface Mount {
  readonly source: string;
  readonly where: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** File systems by the directories that they are mounted on, as a tree of names. */
interface MountPoint {
  root?: Node;
  readonly below: Map<string, MountPoint>;
}

const ESP = new Set(['c12a7328-f81f-11d2-ba4b-00a0c93ec93b', '0xef']);
const EXTENDED_BOOT = 'bc13c2ff-59e6-4262-a352-b275fd6f7172';
const LARGEST_FSTAB = 1024 * 1024;
/** What a machine mounts without a disk behind it. */
const WITHOUT_DISK =
  /^(swap|proc|sysfs|tmpfs|devpts|devtmpfs|cgroup2?|debugfs|securityfs|efivarfs|none|auto\.|nfs4?|cifs|9p|virtiofs|overlay|fuse.*)$/;

/**
 * The files of the machine that boots from these volumes: its root, with the others mounted on it as its fstab says. Throws
 * Unreadable where no root is found, or more than one.
 */
export function composeSystem(volumes: readonly Volume[]): Node {
  const root = findRoot(volumes);
  const mounts = readFstab(root);
  const points: MountPoint = { below: new Map() };
  const top = (): Node => withMounts(root, points);
  for (const mount of mounts) {
    const node = mountedNode(volumes, mount);
    if (node) place(points, top(), mount.where, node);
  }
  for (const [where, node] of unlisted(volumes, mounts, top())) place(points, top(), where, node);
  return top();
}

function findRoot(volumes: readonly Volume[]): Node {
  const roots = volumes.flatMap(({ files, partition }) => {
    const node = files.why === null ? rootOf(files) : undefined;
    return node ? [{ node, partition }] : [];
  });
  const [root, other] = roots;
  if (root && !other) return root.node;
  if (root) {
    const numbers = roots.map(({ partition }) => partition.number).join(', ');
    throw new Unreadable(`it holds ${roots.length} systems (on partitions ${numbers})`);
  }
  const reasons = volumes.flatMap(({ files, partition }) =>
    files.why === null ? [] : [`${partition.number ? `partition ${partition.number}: ` : ''}${files.why}`],
  );
  if (reasons.length > 0) throw new Unreadable(`no root file system could be read (${reasons.join('; ')})`);
  throw new Unreadable('none of its file systems has /etc with os-release or fstab');
}

/** Where distributions put the root on btrfs, if not at its top. */
const ROOT_SUBVOLUMES = ['@', 'root', '@rootfs'];

function rootOf({ type, root }: FileSystem): Node | undefined {
  if (isRoot(root)) return root;
  if (type !== 'btrfs') return undefined;
  return ROOT_SUBVOLUMES.map((name) => walk(root, name)).find((node) => node && isRoot(node));
}

/** /etc/os-release may be a link to a /usr that is elsewhere. */
function isRoot(node: Node): boolean {
  return ['/etc/os-release', '/etc/fstab', '/etc/redhat-release', '/etc/passwd'].some((path) =>
    walk(node, path, false),
  );
}

function readFstab(root: Node): readonly Mount[] {
  const file = walk(root, '/etc/fstab');
  if (file?.stat.type !== 'file') return [];
  const lines = Buffer.from(read(file, LARGEST_FSTAB)).toString('utf8').split('\n');
  const mounts = lines
    .map((line) => line.trim().split(/\s+/).map(unescapeField))
    .filter(([source = '#', where = '']) => !source.startsWith('#') && where.startsWith('/') && where !== '/')
    .map(([source = '', where = '', type = '', options = '']) => ({
      source,
      where,
      type,
      options: options.split(','),
    }));
  return mounts.filter(({ type }) => !WITHOUT_DISK.test(type)).sort((a, b) => depth(a.where) - depth(b.where));
}

function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}

/** As getmntent reads it. */
function unescapeField(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** What is not in the image is not taken for empty: nobody can tell what is there. */
function mountedNode(volumes: readonly Volume[], { source, where, options }: Mount): Node | undefined {
  if (options.includes('noauto') && !options.includes('x-systemd.automount')) return undefined;
  if (options.includes('bind') || options.includes('rbind'))
    return unreadableNode(`${where} is a bind mount, which is not followed here`);
  const volume = volumes.find((v) => isCalled(v, source));
  if (volume) return subvolumeOf(volume, where, options);
  return options.includes('nofail')
    ? undefined
    : unreadableNode(`${where} is on ${source}, which is not in this image`);
}

function subvolumeOf({ files }: Volume, where: string, options: readonly string[]): Node {
  const name = options.find((option) => option.startsWith('subvol='))?.slice('subvol='.length);
  if (name === undefined || files.type !== 'btrfs' || files.why !== null) return files.root;
  return walk(files.root, name) ?? unreadableNode(`${where} is the subvolume ${name}, which is not read here`);
}

/** What systemd mounts by the type of its partition, unless fstab does. */
function unlisted(
  volumes: readonly Volume[],
  mounts: readonly Mount[],
  root: Node,
): readonly (readonly [string, Node])[] {
  const isListed = (volume: Volume): boolean => mounts.some(({ source }) => isCalled(volume, source));
  const isFree = (where: string): boolean => {
    const node = walk(root, where);
    return node?.stat.type === 'directory' && !mounts.some((m) => m.where === where) && node.names().length === 0;
  };
  const boot = volumes.find((v) => v.partition.type === EXTENDED_BOOT && !isListed(v));
  const esp = volumes.find((v) => ESP.has(v.partition.type) && !isListed(v));
  const forEsp = ['/efi', '/boot', '/boot/efi'].filter((where) => !(boot && where === '/boot')).find(isFree);
  return [
    ...(boot && isFree('/boot') ? [['/boot', boot.files.root] as const] : []),
    ...(esp && forEsp ? [[forEsp, esp.files.root] as const] : []),
  ];
}

function place(points: MountPoint, root: Node, where: string, node: Node): void {
  const way = look(() => trace(root, where, true));
  // Below what cannot be read nothing can be found, mounted there or not.
  if (way.state !== 'known' || way.value.length === 0) return;
  let point = points;
  for (const { name } of way.value) {
    const below = point.below.get(name) ?? { below: new Map() };
    point.below.set(name, below);
    point = below;
  }
  point.root = node;
}

function withMounts(node: Node, { below }: MountPoint): Node {
  if (below.size === 0) return node;
  return {
    ...node,
    child: (name) => {
      const point = below.get(name);
      const found = point?.root ?? node.child(name);
      return found && point ? withMounts(found, point) : found;
    },
  };
}
