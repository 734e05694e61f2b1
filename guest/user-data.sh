#!/bin/sh
# SPDX-License-Identifier: MIT
# toa-bake's part of user-data that is merged with somebody else's: cloud-init runs it among the user's scripts, as a process of its own.
# Below the last line of this script stands install-toa.sh, base64 of gzip. It stays on the machine, so that a failed run can be repeated by
# hand.
set -eu
mkdir -p /var/lib/toa
sed '1,/^# --- script ---$/d' "$0" | base64 -d | gunzip >/var/lib/toa/install-toa.sh
chmod 0700 /var/lib/toa/install-toa.sh
exec sh /var/lib/toa/install-toa.sh all
# --- script ---
