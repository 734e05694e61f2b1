#!/bin/sh
# SPDX-License-Identifier: MIT
# Waits for cloud-init, which may be installing, and whose failure would be the image's.
set -u
limit=900

die() {
	echo "wait for cloud-init: $*" >&2
	exit 1
}

command -v cloud-init >/dev/null || exit 0

# Before 17.1 it could not be asked.
if ! cloud-init --help 2>&1 | grep -qw status; then
	until [ -e /var/lib/cloud/instance/boot-finished ]; do
		[ $((limit -= 5)) -gt 0 ] || die 'it did not end'
		sleep 5
	done
	exit 0
fi

said=$(timeout "$limit" cloud-init status --wait --long 2>&1)
code=$?
# 2 since 23.4: done, but something did not go quite right.
case $code in
0 | 2) exit 0 ;;
124) die "it did not end within $limit seconds" ;;
*)
	echo "$said" >&2
	die "it failed; this machine is nothing to make an image of"
	;;
esac
