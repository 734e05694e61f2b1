# Run by room.ts in namespaces of its own (mounts, network, processes): a Debian system to try packet filters in, over the lower
# directory $1, with the upper one in memory at $2, then waits.
set -eu
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount -t proc proc /proc
mount --bind /dev "$2/root/dev"
ip link set lo up
echo ready
exec sleep infinity
