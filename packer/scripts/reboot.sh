#!/bin/sh
# SPDX-License-Identifier: MIT
# Reboots where install.sh said so, and stays until the connection goes: what came next would run on a machine that is going down.
set -u
[ "$REBOOT" = true ] && [ -e /var/lib/toa/report/boot ] || exit 0
[ "$(id -u)" = 0 ] || exec sudo -n env REBOOT=true sh "$0"
echo 'rebooting into the kernel that boots next'
systemctl reboot 2>/dev/null || reboot
sleep 300
