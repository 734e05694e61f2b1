# shellcheck shell=sh disable=SC2015,SC2034,SC2317 # die does not return; download.sh uses what is set here
# SPDX-License-Identifier: MIT
# toa-bake's user-data for clouds that take little: cloud-init leaves this, with download.sh before it, under the name of install-toa.sh,
# which is fetched, checked, takes its place, and runs. Below the last line of this script stands what the renderer knows of it, a line
# each: url, sha256, blocks, and what the receipt says of the plan.
set -u
umask 022
export LC_ALL=C "PATH=$PATH:/usr/sbin:/sbin"
R=${TOA_ROOT-}
STATE=$R/var/lib/toa
LOG=$STATE/build.log
SCRIPT=$STATE/install-toa.sh
again=$R/var/lib/cloud/scripts/per-boot/toa
PATIENCE=120
ANEW='serve the script/install-toa.sh that was rendered with this user-data'

say() { echo "install-toa: $*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
hash() { sha256sum <"$1" | cut -c -64; }
write() { cat >"${1%/*}/.toa-new" && chmod "$2" "${1%/*}/.toa-new" && mv -f "${1%/*}/.toa-new" "$1"; }
json() { printf %s "$1" | tr -c ' -~' ' ' | sed 's/["\\]/\\&/g'; }
known() { sed -n "1,/^# --- fetch ---\$/d; s/^$1 //p" "$0"; }

# What it starts must not hold our lock: busybox's timeout outlives what it watches.
logged() {
	"$@" >"$STATE/out" 2>&1 </dev/null 9>&-
	set -- $?
	cat "$STATE/out" >>"$LOG"
	return "$1"
}

# In the form of toa-setup's, which is not here.
die() {
	rm -f "$again"
	say "$2${3:+ ($3)}"
	cat >"$STATE/.toa-new" <<END
{
"receipt": 1, "result": "failed", "step": "fetch", "code": $1,
"reason": "$(json "$2")",
"hint": "$(json "${3-}")",
$(known receipt)
"trusted": [], "running": "$(uname -r)", "next": "", "kernels": [], "verify": null
}
END
	mv -f "$STATE/.toa-new" "$STATE/receipt.json"
	exit "$1"
}

mkdir -p "$STATE/fetch" && exec 9>>"$STATE/lock" || die 13 "could not write $STATE"
! has flock || flock -n 9 || { say 'another one is running' && exit 16; }
: >"$LOG"
# cloud-init runs user-data once, be it cut off: until it is done, this is run again at each boot, as install-toa.sh itself does it.
if [ "${1-}" = all ] && [ -d "${again%/*}" ]; then
	printf '#!/bin/sh\nexec sh /var/lib/toa/install-toa.sh all\n' | write "$again" 755
fi
sha256=$(known sha256)
BLOCKS=$(known blocks)
get "$(known url)" "$sha256"
chmod 700 "$STATE/fetch/$sha256" && mv -f "$STATE/fetch/$sha256" "$SCRIPT" && sync || die 13 "could not write $STATE"
rmdir "$STATE/fetch" 2>/dev/null
exec 9>&-
sh "$SCRIPT" "$@"
exit
# --- fetch ---
