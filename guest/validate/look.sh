# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Runs on a throw-away copy of a machine that `toa-bake validate --boot` has started, as root: looks at what that command has
# appended below (`file PATH`, `program NUMBER INPUT-AT INPUT-SIZE ARGV...`), writes what it saw onto the disk $1, and switches off.
# shellcheck disable=SC2317,SC2329 # what is appended calls the functions
set -u
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
disk=$1
# Never where nobody has put the disk: what follows switches the machine off.
[ -b "$disk" ] || exit
work=/run/toa-bake
# Seconds that everything which starts by itself has for it.
patience=300

trap 'sync; systemctl --force --force poweroff || poweroff -f' EXIT
mkdir -m 700 "$work" || exit
cd "$work" || exit

# record NAME: NAME, size and content of ./now go to the end of the report.
record() {
	printf '%s %s\n' "$1" "$(wc -c <now)" >>report
	cat now >>report
}

# Files in /proc and /sys say that they are empty: only reading tells.
file() {
	if [ ! -e "$1" ]; then
		: >now
		record "none:$1"
	elif cat "$1" >now 2>/dev/null; then
		record "file:$1"
	fi
}

program() {
	number=$1
	tail -c "+$(($2 + 1))" "$disk" | head -c "$3" >input
	shift 3
	"$@" <input >out 2>err
	echo $? >code
	for part in out err code; do
		mv "$part" now
		record "$part:$number"
	done
}

# finish AT SIZE: the head, which says how long the report is, goes there last, the report behind it.
finish() {
	size=$(wc -c <report)
	[ "$size" -le "$2" ] || exit
	dd if=report of="$disk" bs=512 seek="$(($1 / 512 + 1))" conv=notrunc,fsync 2>/dev/null || exit
	echo "toa-bake-report $size" | dd of="$disk" bs=512 seek="$(($1 / 512))" conv=notrunc,fsync,sync 2>/dev/null
}

while [ "$patience" -gt 0 ]; do
	case $(systemctl is-system-running 2>/dev/null) in
	initializing | starting) sleep 1 ;;
	*) break ;;
	esac
	patience=$((patience - 1))
done
