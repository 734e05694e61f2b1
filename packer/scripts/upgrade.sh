#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the distribution's newest kernel, if asked. The reboot comes later: the reader is built for the kernel that boots next.
set -u
[ "$UPGRADE_KERNEL" = true ] || exit 0
[ "$(id -u)" = 0 ] || exec sudo -n env UPGRADE_KERNEL=true sh "$0"

die() {
	echo "kernel upgrade: $*" >&2
	exit 1
}

# Those without a version in their name bring each new kernel, and its headers where they are installed.
followers() {
	dpkg-query -Wf '${Status} ${Package}\n' 'linux-image-*' 'linux-headers-*' 2>/dev/null |
		sed -n 's/^install ok installed //p' | grep -Ev '^linux-(image|headers)-(unsigned-)?[0-9]|-(dbg|common)$'
}

if command -v apt-get >/dev/null; then
	export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
	packages=$(followers)
	# None: that of the running kernel's flavour, 6.1.0-47-cloud-amd64.
	[ -n "$packages" ] || packages=linux-image-$(uname -r | sed 's/^[^-]*-\([0-9][^-]*-\)\{0,1\}//')
	apt_get() { apt-get -qy -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold "$@"; }
	# shellcheck disable=SC2086 # words are meant to split
	{ apt_get update && apt_get --no-install-recommends install $packages; } || die 'apt-get failed'
elif command -v dnf >/dev/null; then
	dnf -y upgrade 'kernel*' || die 'dnf failed'
elif command -v yum >/dev/null; then
	yum -y update 'kernel*' || die 'yum failed'
elif command -v zypper >/dev/null; then
	zypper --non-interactive update 'kernel*'
	# 102: a reboot is needed.
	case $? in
	0 | 102) ;;
	*) die 'zypper failed' ;;
	esac
else
	die 'no package manager that is known'
fi
