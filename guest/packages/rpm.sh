# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup: packages with yum, dnf or zypper, which wait for each other's locks themselves. Sourced.

packages_finish() { :; }

packages_install() {
	case $TOA_PACKAGE_MANAGER:${old-} in
	zypper:*) manage zypper --non-interactive install --no-recommends "$@" ;;
	*:) by_name install "$@" ;;
	# Where a kernel is installed, dnf's install of the newest does nothing.
	*) by_name install "$@" && by_name upgrade "$@" ;;
	esac
}
by_name() { manage "$TOA_PACKAGE_MANAGER" -y ${HELD:+--disableexcludes=main} "$@"; }
manage() { ZYPP_LOCK_TIMEOUT=600 logged timeout "${TOA_LOCK_SECONDS:-1800}" "$@"; }

# What we hold back for the plan's sake is not held back from us.
HELD=
[ ! -s "$STATE/held" ] || HELD=1

# The devel packages are updated as the kernels are.
packages_follow() { :; }

# packages_newest KERNEL: its headers' package and its own, which has the same name but for that, without a version.
packages_newest() {
	for package in $(headers_packages "$1"); do
		package=${package%%=*}
		package=${package%"-${1%%+*}"}
		echo "${package%-devel} $package"
	done
}

# SUSE's modprobe refuses what SUSE does not support.
# shellcheck disable=SC2034 # read by methods/module.sh
[ "$TOA_PACKAGE_MANAGER" != zypper ] || MODPROBE_MORE='
allow_unsupported_modules 1'

# Release 6 has no os-release.
[ -e "$R/etc/os-release" ] || os_release() {
	case $1 in
	ID) sed 's/^Red Hat.*/rhel/; s/ .*//' "$R/etc/redhat-release" | tr '[:upper:]' '[:lower:]' ;;
	*) sed 's/.*release \([0-9.]*\).*/\1/' "$R/etc/redhat-release" ;;
	esac
}
