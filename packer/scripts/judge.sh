#!/bin/sh
# SPDX-License-Identifier: MIT
# Fails the build unless the reader is built, loaded, and seen to work. The reason comes last, so that it is on the last screen.
set -u
report=/var/lib/toa/report
code=$(cat "$report/code" 2>/dev/null)
receipt() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" "$report/receipt.json" | head -n 1; }
result=$(receipt result)
if [ "$code" = 0 ] && [ "$result" = ok ]; then
	echo "toa: $(grep -o '"release"' "$report/receipt.json" | grep -c .) kernel(s) have the reader; the probe saw it work"
	exit 0
fi

tail -n 40 "$report/log"
tail -n 30 "$report/receipt.json"
reason=$(grep '^toa-setup: .*: ' "$report/output" | tail -n 1)
echo '---'
echo "the image is not built: ${reason:-$(tail -n 1 "$report/output")}"
echo "(result ${result:-none}, exit code ${code:-none}; log and receipt are in the report directory)"
exit 1
