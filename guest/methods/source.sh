# shellcheck shell=sh disable=SC2015 # what comes before || may fail
# SPDX-License-Identifier: MIT
# Part of toa-setup: the reader is built from a vendor's source archive. Sourced.

# shellcheck source=guest/methods/vendor.sh
. "$LIB/vendor.sh"
# shellcheck source=guest/methods/unpack.sh
. "$LIB/unpack.sh"
# shellcheck source=guest/methods/fits.sh
. "$LIB/fits.sh"
read_env DIRECTORY PRODUCES MAKE
[ "$TOA_MAKE" != - ] || TOA_MAKE=
WORK=$STATE/work

# Named by all that it depends on.
built() { echo "$STATE/built/$1/$({ echo "$(files source)" "$MODULE $TOA_DIRECTORY $TOA_PRODUCES $TOA_MAKE" && certificate; } | hash).ko"; }

# The vendor page's folders.
folder_for() {
	case $1 in
	2.*) echo toa_kernel2.x ;;
	3.*) echo toa_kernel3.x ;;
	*) echo toa_kernel_common ;;
	esac
}

# find_tree KERNEL: unpacks the archives until one has the folder for the kernel; sets tree.
find_tree() {
	folder=$(folder_for "$1")
	for sha256 in $(files source | cut -d ' ' -f 2); do
		[ -s "$STATE/fetch/$sha256" ] || { echo 'error: the archive is not here: toa-setup fetch' && return 1; }
		unpack "$STATE/fetch/$sha256" "$WORK/unpacked" || return
		case $TOA_DIRECTORY in
		-) tree=$(find "$WORK/unpacked" -maxdepth 3 -type d -name "$folder" | head -n 1) ;;
		*) tree=$WORK/unpacked/$TOA_DIRECTORY folder=$TOA_DIRECTORY ;;
		esac
		[ -z "$tree" ] || [ ! -d "$tree" ] || return 0
	done
	echo "error: no archive has the folder $folder; a layout in the spec can name another"
	return 1
}

# For people who asked for nothing yet: where archive and headers are here already, it is known whether they fit.
would() {
	all_here
	if has_headers "$NEXT" && [ -s "$STATE/fetch/$(files source | cut -d ' ' -f 2 | head -n 1)" ]; then
		looked=$(mktemp -d) && chmod 755 "$looked" && WORK=$looked/work && mkdir "$WORK" || die 3 'no temporary files can be written'
		misfit=$(find_tree "$NEXT" && fits "$NEXT" "$tree")
		rm -rf "$looked"
		[ -z "$misfit" ] || die 12 "the reader does not build for kernel $NEXT: $misfit"
	fi
	say "this machine fits; nothing was changed. all would fetch the source, install what it takes to build it, build for kernel $NEXT," \
		"load it at every boot, and believe $(believed)"
}

# The archive's own make rules are never run: they know one kernel, the running one, and as root they could write into its headers. The
# kernel's build system is asked for the module, by a user who may write nowhere but in the unpacked folder.
method_build() {
	rm -rf "$WORK" && mkdir "$WORK" && find_tree "$1" && fits "$1" "$tree" || return
	compiler "$1" 2>/dev/null
	chown -R "$NOBODY:$NOBODY" "$WORK/unpacked" || return
	# shellcheck disable=SC2086 # words are meant to split; the spec lets in no other sign
	as_nobody make -C "$R/lib/modules/$1/build" "M=$tree" ${cc:+"CC=$cc"} $TOA_MAKE modules || return
	made=$tree/$TOA_PRODUCES
	ko=$WORK/$MODULE.ko
	[ -f "$made" ] && [ ! -h "$made" ] || { echo "error: the build made no $TOA_PRODUCES" && return 1; }
	# Not as root: what it is can have changed since.
	as_nobody cat "$made" >"$ko" && strip -g "$ko" && sign "$1" "$ko" && keep "$1" "$ko" && rm -r "$WORK"
}
