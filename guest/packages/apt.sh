# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup: packages with apt. Sourced.

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
limit=${TOA_LOCK_SECONDS:-1800}
waited=0

# What a power cut left half installed: apt does nothing before that is finished.
packages_finish() { [ -z "$(ls "$R/var/lib/dpkg/updates")" ] || logged dpkg --configure -a; } 2>/dev/null

# The lists of a fresh image are empty or old: they are fetched when what is there does not do.
packages_install() { apt -d install "$@" || { apt update && apt -d install "$@"; } && apt install "$@"; }

# Unattended upgrades at first boot hold apt's locks for minutes: wait for them, but not for ever. A mirror that trickles is given up;
# dpkg itself is never stopped. Packages that lack their dependencies get them, and none is removed for it.
apt() {
	[ "$1" = install ] && stop= || stop="timeout $limit"
	# shellcheck disable=SC2086
	while ! logged $stop apt-get -y --no-install-recommends -o Acquire::Retries=2 -o APT::Get::Fix-Broken=1 -o APT::Get::Remove=0 "$@"; do
		grep -q 'get lock' "$STATE/out" && [ $waited -lt "$limit" ] || return
		sleep 5
		waited=$((waited + 5))
	done
}

installed() { dpkg-query "--admindir=$R/var/lib/dpkg" -Wf '${Status} ${Package}\n' 'linux-*' | sed -n 's/.* ok installed //p'; } 2>/dev/null

# Kernels come by a package without a version in its name, or with a series (linux-image-amd64, linux-image-6.1-amd64); its sibling brings
# their headers.
followed() { installed | sed -n '/-dbg$\|-unsigned-\|-[0-9]*\.[0-9]*\.[0-9]/d; s/^linux-image-//p'; }
packages_follow() {
	for flavour in $(followed); do
		installed | grep -qxF "linux-headers-$flavour" || echo "linux-headers-$flavour"
	done
}

# packages_newest KERNEL: what brings the newest kernel of its kind, and its headers.
packages_newest() {
	flavours=$(followed)
	for flavour in ${flavours:-$(echo "$1" | sed 's/^[^-]*-\([0-9][^-]*-\)\{0,1\}//')}; do
		echo "linux-image-$flavour linux-headers-$flavour"
	done
}
