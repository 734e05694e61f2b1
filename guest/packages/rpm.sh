# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup: packages with yum, dnf or zypper, which wait for each other's locks themselves. Sourced.

packages_install() {
	case $TOA_PACKAGE_MANAGER in
	zypper) set -- zypper --non-interactive install --no-recommends "$@" ;;
	*) set -- "$TOA_PACKAGE_MANAGER" -y install "$@" ;;
	esac
	ZYPP_LOCK_TIMEOUT=600 logged timeout "${TOA_LOCK_SECONDS:-1800}" "$@"
}

# The devel packages are updated as the kernels are.
packages_follow() { :; }

# SUSE's modprobe refuses what SUSE does not support.
# shellcheck disable=SC2034 # read by methods/module.sh
[ "$TOA_PACKAGE_MANAGER" != zypper ] || MODPROBE_MORE='
allow_unsupported_modules 1'

# SELinux: what gets its name by mv -f FROM TO, as every file that is put does, gets the label of its place.
mv() { command mv "$@" && { restorecon -F "$3" 2>/dev/null || :; }; }

# Release 6 has no os-release.
[ -e "$R/etc/os-release" ] || os_release() {
	case $1 in
	ID) sed 's/^Red Hat.*/rhel/; s/ .*//' "$R/etc/redhat-release" | tr '[:upper:]' '[:lower:]' ;;
	*) sed 's/.*release \([0-9.]*\).*/\1/' "$R/etc/redhat-release" ;;
	esac
}
