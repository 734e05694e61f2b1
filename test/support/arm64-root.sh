#!/bin/sh
# mmdebstrap's customize hook: unpacks the arm64 kernel $KERNEL into a root of this machine's own processor, with a cross compiler and
# kbuild's programs. Unpacked only: its dependencies are programs for arm64, the compiler above all.
set -eu
chroot "$1" sh -eu -s "$KERNEL" <<'EOF'
kernel=$1
cd /tmp
# The metapackage, or a release.
release=$(apt-cache depends "linux-headers-$kernel:arm64" | sed -n 's/.*Depends: linux-headers-\([0-9].*-arm64\):arm64$/\1/p')
release=${release:-$kernel}
needs=$(apt-cache show "linux-headers-$release:arm64" | sed -n 's/^Depends: //p' | sed -n '1s/ ([^)]*)//g;1s/, /\n/gp')
common=$(echo "$needs" | grep -- '-common$')
compiler=$(echo "$needs" | grep '^gcc-')
kbuild=$(echo "$needs" | grep '^linux-kbuild-')
apt-get -qq -y --no-install-recommends install "$compiler-aarch64-linux-gnu" libc6-dev-arm64-cross "$kbuild" >/dev/null
apt-get -qq download "linux-headers-$release:arm64" "linux-image-$release:arm64" "$common"
# Not dpkg -x: it puts a directory in the place of the link /lib.
for package in ./*.deb; do dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C /; done
rm ./*.deb
depmod "$release"
echo "$release" >/boot/release
# One name for any version.
ln -s "aarch64-linux-gnu-$compiler" /usr/bin/aarch64-linux-gnu-gcc
EOF
