# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup: where DKMS is, it builds and installs our module, for later kernels too, and signs it with this machine's key. Sourced
# by the part for our module, whose functions it replaces.

# DKMS takes a changed source for the same module unless its version changed.
VERSION=$(sed -n 's/^#define TOA_VERSION "\(.*\)"/\1/p' "$LIB/module/toa.c").$(hash "$LIB"/module/* | cut -c -8)
SOURCE=$R/usr/src/toa-$VERSION

dkms_knows() { dkms status -m toa -v "$VERSION" ${1:+-k "$1"} | grep -q "$2"; } 2>/dev/null

method_is_built() { dkms_knows "$1" 'built\|installed'; }

# Where the distribution's DKMS puts it.
method_file() {
	for file in "$R/lib/modules/$1"/*/dkms/toa.ko* "$R/lib/modules/$1"/extra/toa.ko* "$R/lib/modules/$1"/*/toa/toa.ko*; do
		[ ! -e "$file" ] || break
	done
	echo "$file"
}

method_build() {
	for file in "$LIB"/module/*; do
		sed "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=$VERSION/" "$file" | put "$SOURCE/${file##*/}" 644 || return
	done
	dkms_knows '' . || dkms add -m toa -v "$VERSION" || return
	dkms build -m toa -v "$VERSION" -k "$1"
}

# By force, since an older version of ours may be there, which stays until this one is.
put_module() {
	dkms_knows "$1" installed || logged dkms install --force -m toa -v "$VERSION" -k "$1" || return
	case $(method_file "$1") in
	*/updates/toa/*) ;;
	*) rm -rf "$R/lib/modules/$1/updates/toa" ;;
	esac
	for old in $(versions | grep -vxF "$VERSION"); do
		logged dkms remove -m toa -v "$old" -k "$1"
		dkms status -m toa -v "$old" | grep -q 'built\|installed' || forget "$old"
	done
}

# Ours; a toa of somebody else's stays registered.
versions() { sed -n 's|^/usr/src/toa-\(.*\)/dkms\.conf$|\1|p' "$STATE/files"; }

forget() {
	logged dkms remove -m toa -v "$1" --all
	rm -rf "$R/usr/src/toa-$1"
}

method_forget() {
	for version in $(versions); do
		forget "$version"
	done
}
