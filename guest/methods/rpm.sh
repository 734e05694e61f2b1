# shellcheck shell=sh disable=SC2015,SC2034 # die does not return; toa-setup reads what is set here
# SPDX-License-Identifier: MIT
# Part of toa-setup: the reader comes inside a vendor's kernel, as a package. Sourced.
#
# The kernel that was there stays the default. The new one is booted once; it becomes the default when connections through it show the
# client, which toa.service tries at that boot. If it does not come up, the next boot is into the old one by itself.

# shellcheck source=guest/methods/vendor.sh
. "$LIB/vendor.sh"

THEIRS=$(files kernel | cut -d ' ' -f 1)
TRIAL=$STATE/trial

# Inside the kernel of the package, compressed on release 7.
method_file() {
	for file in "$R/lib/modules/$1/kernel/net/toa/toa.ko" "$R/lib/modules/$1/kernel/net/toa/toa.ko.xz"; do
		[ ! -e "$file" ] || { echo "$file" && return; }
	done
}
method_is_built() { [ -n "$(method_file "$1")" ]; }

in_range() { :; }
has_headers() { :; }
deps() { :; }
would() {
	all_here
	say "this machine fits; nothing was changed. all would install kernel $THEIRS beside $NEXT, boot it once after a reboot, keep it if" \
		"connections then show the client, and believe $(believed)"
}

package() { echo "$STATE/fetch/$(files "$1" | cut -d ' ' -f 2)"; }

# Whether the package is what the plan says.
build() {
	! method_is_built "$THEIRS" || return 0
	logged rpm -qp --qf '%{NAME} %{VERSION}-%{RELEASE}.%{ARCH}\n' "$(package kernel)" || die 12 "rpm cannot read the package: $(why)"
	grep -qxF "kernel $THEIRS" "$STATE/out" || die 12 "the package is $(tail -n 1 "$STATE/out"), not kernel $THEIRS"
	logged rpm -qpl "$(package kernel)"
	grep -q "^/lib/modules/$THEIRS/kernel/net/toa/toa\.ko" "$STATE/out" || die 12 "kernel $THEIRS has no reader inside"
}

# A kernel that somebody installed later is theirs to choose: it is not taken away again behind their back.
method_install() {
	case $VERB:$NEXT in
	update:"$THEIRS" | repair:"$THEIRS") ;;
	update:* | repair:*) die 13 "only kernel $THEIRS has the reader, and $NEXT boots next" 'toa-setup all boots it again' ;;
	esac
	method_is_built "$THEIRS" || add_kernel
	[ "$RUNNING" = "$THEIRS" ] || boot_once
}

# --oldpackage and no other force: the kernel is older than the one that is there, which is not touched. What it needs must be there or in
# the firmware package, which is only used where it is needed.
add_kernel() {
	[ -s "$STATE/default" ] || { grubby --default-kernel | write "$STATE/default" 644 && [ -s "$STATE/default" ]; } ||
		die 13 'the boot loader does not say which kernel it boots'
	set -- "$(package kernel)"
	if ! logged rpm -i --test --oldpackage "$@" && grep -q 'kernel-firmware' "$STATE/out" && [ -n "$(files firmware)" ]; then
		say 'the kernel needs its firmware package'
		logged rpm -U --oldpackage "$(package firmware)" || die 13 "the firmware cannot be installed: $(lacks)" "see $LOG"
	fi
	say "installing kernel $THEIRS"
	logged rpm -i --oldpackage "$@" || die 13 "the kernel cannot be installed: $(lacks)" "see $LOG"
	method_is_built "$THEIRS" || die 13 "kernel $THEIRS came without its reader"
	find_kernels
	# Its own script makes it the default.
	set_default "$(cat "$STATE/default")" || die 13 "the boot loader does not go back to $(cat "$STATE/default")"
}
lacks() { grep -v 'ependencies:$' "$STATE/out" | grep -m 1 'needed by\|conflicts\|already installed\|rror' | cut -c -200; }

set_default() { logged grubby "--set-default=$1" && [ "$(grubby --default-kernel)" = "$1" ]; }

# Once and no more: a machine that came back from it in its old kernel must not try for ever.
boot_once() {
	if [ -e "$TRIAL" ]; then
		[ "$(cat "$TRIAL")" = "$(boot_id)" ] ||
			die 13 "kernel $THEIRS was booted once and did not stay" "remove $TRIAL to try it once more"
	else
		index=$(grubby "--info=/boot/vmlinuz-$THEIRS" | sed -n 's/^index=//p')
		[ -n "$index" ] || die 13 "the boot loader does not list kernel $THEIRS"
		# Before, so that a power cut does not make it two boots.
		boot_id | write "$TRIAL" 644 && boot_entry_once "$index" || { rm -f "$TRIAL" && die 13 "the boot loader takes no entry for one boot: $(why)"; }
	fi
	NEXT=$THEIRS
}

# GRUB 2 on release 7, GRUB legacy on 6.
boot_entry_once() {
	if has grub2-reboot; then
		grep -q '^GRUB_DEFAULT="\{0,1\}saved' "$R/etc/default/grub" && logged grub2-reboot "$1"
	else
		echo "savedefault --default=$1 --once" | grub --batch >>"$LOG" 2>&1
	fi
}

method_load() { load_module && settle; }

# uninstall does not remove a kernel, which may be the running one; it is only not the default any more.
method_unload() {
	! method_is_set || logged modprobe -r "$MODULE" || return
	[ "$VERB" = uninstall ] && [ -s "$STATE/default" ] || return 0
	set_default "$(cat "$STATE/default")" && say "kernel $THEIRS is still there: rpm -e kernel-$THEIRS, once another one runs"
}

# Readers of that age may know IPv4 listeners only; then verify fails, and the receipt says at what, but the kernel does what it is for.
shows_client() {
	grep -q '"result": "pass"\|"no Python"' "$STATE/verify.json" || awk '
		BEGIN { RS = "}" }
		/"trusted-ipv4"/ && /"ok": true/ { shown = 1 }
		/"trusted-ipv4"/ && /"ok": false/ { hidden = 1 }
		END { exit !shown || hidden }
	' "$STATE/verify.json"
}

# The default is changed by what was seen. Release 6 has no Python that can look: there it must do that the reader is loaded.
settle() {
	[ -e "$TRIAL" ] && [ "$RUNNING" = "$THEIRS" ] || return 0
	(verify)
	if shows_client && set_default "/boot/vmlinuz-$THEIRS"; then
		rm -f "$TRIAL"
	else
		say "kernel $THEIRS stays on trial: the next boot is into $(cat "$STATE/default")"
	fi
	return 0
}
