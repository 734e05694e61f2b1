# shellcheck shell=sh disable=SC2015,SC2034 # die does not return; download.sh reads what is set here
# SPDX-License-Identifier: MIT
# Part of toa-setup, for methods with files: the verb fetch. Sourced.
#
# /etc/toa/files: a file a line, ROLE RELEASE SHA256 PLACE; RELEASE is - where the file is for any kernel. PLACE is a URL, or a path from
# the folder of install-toa.sh.

# shellcheck source=guest/download.sh
. "$LIB/download.sh"

# In units of 512 bytes: a kernel package has a quarter of it.
BLOCKS=${TOA_FETCH_BLOCKS:-524288}
PATIENCE=3600
ANEW='look at what changed before you pin it anew'

# files ROLE: lines RELEASE SHA256 PLACE.
files() { sed -n "s/^$1 //p" "$FROM/etc/toa/files"; }

is_kept() { [ "$(hash "$STATE/fetch/$1" 2>/dev/null)" = "$1" ]; }

# A file that is here is the one that is pinned: it gets its name only then. What is pinned no more is removed.
fetch() {
	mkdir -p "$STATE/fetch" || die 13 "could not write $STATE"
	while read -r _ _ sha256 place <&3; do
		is_kept "$sha256" && continue
		case $place in
		https:*) get "$place" "$sha256" ;;
		*) take "$place" "$sha256" ;;
		esac
	done 3<"$FROM/etc/toa/files"
	for file in "$STATE"/fetch/*; do
		name=${file##*/}
		grep -qF "${name%.part}" "$FROM/etc/toa/files" || rm -f "$file"
	done
}

# install-toa.sh says where it was called, and by which name.
came_with() {
	script=${TOA_SCRIPT#*/./}
	case $script in
	/*) ;;
	*) script=${TOA_SCRIPT%%/./*}/$script ;;
	esac
	echo "${script%/*}/$1"
}

# take PLACE SHA256: it was checked when it was rendered; who knows what the way here made of it.
take() {
	has_come "$1" || die 17 "$lost" "$ALONG"
	part=$STATE/fetch/$2.part
	cp "$came" "$part" || { rm -f "$part" && die 13 "could not copy $came to $STATE" 'is the disk full?'; }
	sum=$(hash "$part")
	[ "$sum" = "$2" ] || { rm -f "$part" && die 17 "$came is not the file that is pinned: its sha256 is $sum" "$ALONG"; }
	sync "$part" && mv -f "$part" "$STATE/fetch/$2" || die 13 "could not write $STATE"
}

ALONG='copy the whole folder of install-toa.sh, and run it there'

has_come() {
	lost="$1 came with install-toa.sh, and the copy that was kept of it is gone or damaged"
	[ -n "${TOA_SCRIPT-}" ] || return
	came=$(came_with "$1")
	lost="$came is missing"
	[ -f "$came" ]
}

# For people who asked for nothing yet.
all_here() {
	while read -r _ _ sha256 place; do
		case $place in
		https:*) ;;
		*) is_kept "$sha256" || has_come "$place" || die 17 "$lost" "$ALONG" ;;
		esac
	done <"$FROM/etc/toa/files"
}
