#!/bin/sh
# SPDX-License-Identifier: MIT
# toa-bake: the reader of the TCP option TOA for this machine, in one file. `sh install-toa.sh all` installs it; other verbs are
# toa-setup's, and without one it only says whether this machine fits (nothing is changed).
# Below the last line of this script stand the sha256 of the rest, then the files, each after a line `toa-file MODE LINES PATH`.
set -eu
umask 022
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
sed '1,/^# --- files ---$/d' "$0" >"$dir/all"
cd "$dir"
sed 1d all >files
want=$(head -n 1 all)
if [ "$(sha256sum <files)" != "$want  -" ]; then
	echo "$0 is damaged: get it anew" >&2
	exit 1
fi
awk '
	left-- > 0 { print >file; next }
	{ close(file); left = $3; file = "root" $4; system("f=" file "; mkdir -p ${f%/*}; >$f; chmod " $2 " $f") }
' files
echo "$want" >root/usr/local/lib/toa/payload.sha256
TOA_PAYLOAD=$PWD/root TOA_SCRIPT=$OLDPWD/./$0 sh root/usr/local/sbin/toa-setup "$@"
exit
# --- files ---
