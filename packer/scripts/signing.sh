#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the folder for the signing key, in memory and for nobody but who logs in: it must not come near the disk of which the image is made.
set -u
owner=${1-$(id -u)}
[ "$(id -u)" = 0 ] || exec sudo -n sh "$0" "$owner"
rm -rf /run/toa-signing && install -d -m 700 -o "$owner" /run/toa-signing
