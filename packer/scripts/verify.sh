#!/bin/sh
# SPDX-License-Identifier: MIT
# After a reboot: the reader was loaded as every boot will load it; all is checked again. Then everything is gathered that tells what
# happened. Fails only while the machine is still going down.
set -u
[ "$(id -u)" = 0 ] || exec sudo -n env REBOOT="$REBOOT" sh "$0"
report=/var/lib/toa/report
if [ "$REBOOT" = true ] && [ -e "$report/boot" ]; then
	if [ "$(cat "$report/boot")" = "$(cat /proc/sys/kernel/random/boot_id)" ]; then
		echo 'the machine is still going down'
		sleep 20
		exit 1
	fi
	# 16: the one that the boot started has not ended.
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		toa-setup all >"$report/output" 2>&1
		echo $? >"$report/code"
		[ "$(cat "$report/code")" = 16 ] || break
		sleep 15
	done
	cat "$report/output"
fi
cp /var/lib/toa/receipt.json "$report/receipt.json" 2>/dev/null || echo '{}' >"$report/receipt.json"
for part in output ../build.log; do
	echo "== ${part##*/}"
	cat "$report/$part"
done >"$report/log" 2>/dev/null
{
	echo '== dmesg'
	dmesg | tail -n 300
} >>"$report/log" 2>/dev/null
chmod -R a+rX "$report"
