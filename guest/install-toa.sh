#!/bin/sh
# SPDX-License-Identifier: MIT
# toa-bake: the reader of the TCP option TOA for this machine, in one file. `sh install-toa.sh all` installs it; other verbs are
# toa-setup's, and without one it only says whether this machine fits (nothing is changed).
# Below the last line of this script stand the sha256 of the rest, then the files, each after a line `toa-file MODE LINES PATH`.
set -eu
umask 077
dir=$(mktemp -d "${TMPDIR:-/tmp}/toa.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
root=$dir/root
sed '1,/^# --- files ---$/d' "$0" >"$dir/all"
sed 1d "$dir/all" >"$dir/files"
want=$(head -n 1 "$dir/all")
seen=$(sha256sum <"$dir/files" | cut -d ' ' -f 1)
if [ "$seen" != "$want" ]; then
	echo "install-toa.sh: damaged: its files have sha256 $seen instead of $want; get it anew" >&2
	exit 1
fi
sed -n 's/^toa-file [0-7]* [0-9]* \(.*\)\/[^/]*$/\1/p' "$dir/files" | while read -r parent; do mkdir -p "$root$parent"; done
awk -v root="$root" '
	left > 0 { print > file; left--; if (!left) close(file); next }
	{ file = root $4; left = $3; print $2, file }
' "$dir/files" >"$dir/modes"
while read -r mode file; do chmod "$mode" "$file"; done <"$dir/modes"
echo "$want" >"$root/usr/local/lib/toa/payload.sha256"
TOA_PAYLOAD=$root sh "$root/usr/local/sbin/toa-setup" "$@"
exit
# --- files ---
