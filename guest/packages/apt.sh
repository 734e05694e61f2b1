# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup: packages with apt. Sourced.

packages_have() { dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q ' installed$'; }

# The lists of a fresh image are empty or old: they are fetched when what is there does not do.
packages_install() { apt install "$@" || { apt update && apt install "$@"; }; }

# Unattended upgrades at first boot hold apt's locks for minutes: wait for them, but not for ever.
apt() {
	verb=$1
	shift
	waited=0
	while :; do
		apt-get -y --no-install-recommends -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Dpkg::Use-Pty=0 "$verb" "$@" >"$STATE/apt.out" 2>&1 </dev/null
		result=$?
		cat "$STATE/apt.out"
		grep -q 'Could not get lock\|Unable to lock\|Unable to acquire' "$STATE/apt.out" || break
		[ $waited -lt "${TOA_LOCK_SECONDS:-600}" ] || break
		sleep 5
		waited=$((waited + 5))
	done
	rm -f "$STATE/apt.out"
	return "$result"
}
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
