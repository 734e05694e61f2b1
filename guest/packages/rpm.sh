# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup: packages with yum, dnf or zypper, which wait for each other's locks themselves. Sourced.

packages_have() { rpm -q "$1" >/dev/null 2>&1; }

packages_install() {
	case $TOA_PACKAGE_MANAGER in
	zypper) ZYPP_LOCK_TIMEOUT=600 bounded zypper --non-interactive install --no-recommends "$@" ;;
	*) bounded "$TOA_PACKAGE_MANAGER" -y install "$@" ;;
	esac
}

bounded() { timeout "${TOA_LOCK_SECONDS:-1800}" "$@" </dev/null; }
