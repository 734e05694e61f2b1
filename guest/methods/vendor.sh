# shellcheck shell=sh disable=SC2015,SC2034 # die does not return; toa-setup and module.sh read what is set here
# SPDX-License-Identifier: MIT
# Part of toa-setup: what methods have in common whose module is a vendor's, which has no settings and no list of whom to trust. Sourced;
# it takes what it can from the part for our own module, which installs its modules the same way.

# shellcheck source=guest/methods/module.sh
. "$LIB/module.sh"
# shellcheck source=guest/fetch.sh
. "$LIB/fetch.sh"
read_env MODULE
MODULE=$TOA_MODULE

boot_id() { cat "$R/proc/sys/kernel/random/boot_id"; }

# A loaded module of the name is ours if we noted that we loaded it since the machine started.
is_ours() {
	case $(cat "$STATE/loaded") in
	"$(boot_id) "*) ;;
	*) false ;;
	esac
} 2>/dev/null

no_other_reader() {
	for name in toa vtoa; do
		[ "$name" = "$MODULE" ] || [ ! -d "$R/sys/module/$name" ] || die 15 "another reader is loaded: $name" 'unload it'
	done
}

foreign_reader() { ! method_is_set || is_ours || echo "$MODULE"; }

# Below updates/ ours would go before the kernel's own, and a disk or network driver might be what has the name.
method_install() {
	filter_tools
	for k in $KERNELS; do
		[ "$MODULE" = toa ] || [ -z "$(find "$R/lib/modules/$k/kernel" -name "$MODULE.ko*")" ] ||
			die 13 "kernel $k has a module $MODULE of its own"
	done
	put_modules || return
	[ -z "${MODPROBE_MORE-}" ] || echo "${MODPROBE_MORE#?}" | put "$R/etc/modprobe.d/toa.conf" 644
}

method_load() { load_module; }

# An older build is replaced where nothing uses it.
load_module() {
	filter_on || return
	note="$(boot_id) $(hash "$(method_file "$RUNNING")")"
	if method_is_set; then
		[ "$(cat "$STATE/loaded" 2>/dev/null)" != "$note" ] || return 0
		logged modprobe -r "$MODULE" || { say "the older build stays loaded: $(why)" && return 0; }
	fi
	logged modprobe "$MODULE" && echo "$note" >"$STATE/loaded"
}

method_is_set() { [ -d "$R/sys/module/$MODULE" ]; }

method_unload() { { ! method_is_set || logged modprobe -r "$MODULE"; } && filter_off; }

# Who is to be believed.
# shellcheck source=guest/filter.sh
. "$LIB/filter.sh"
