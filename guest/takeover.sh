# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup: machines where the vendor's page was followed by hand. Its module is set aside; in boot files its commands are disarmed
# where they stand, so that whatever else is changed there meanwhile stays when uninstall arms them again. Sourced.

# The page's vtoa is a second reader, unless it is the one that is wanted.
NAME='v\{0,1\}toa'
[ "$TOA_METHOD" != vtoa ] || NAME=toa
# A command of a shell script, up to the module's name.
COMMAND="[^[:blank:];&|]*\\(insmod\\|modprobe\\)[^;&|]*[^[:alnum:]_;&|-]$NAME\\([^[:alnum:]_-]\\|\$\\)"
SCRIPTS='etc/rc.local etc/rc.d/rc.local etc/rc.d/boot.local etc/init.d/boot.local etc/sysconfig/modules/*.modules'
LISTS='etc/modules etc/modules-load.d/*.conf'
# Does nothing, with any arguments, also where a command must stand.
MARK=': toa-setup'

# A kernel package's own module is not by hand.
handmade_modules() {
	find "$R"/lib/modules/*/kernel -name 'toa.ko*' | while read -r file; do
		rpm -qf "$file" >&2 || dpkg -S "$file" >&2 || echo "$file"
	done
} 2>/dev/null

# each_boot_file ACTION: FILE EDIT for those of the boot files that exist; links are followed by their targets' own names.
each_boot_file() {
	for file in $SCRIPTS; do
		[ ! -f "$R/$file" ] || [ -h "$R/$file" ] || "$1" "$R/$file" "/$MARK/!s/$COMMAND/$MARK &/g" || return
	done
	[ "$TOA_BOOT_FILE" != etc-modules ] || return 0
	for file in $LISTS; do
		[ ! -f "$R/$file" ] || "$1" "$R/$file" "s/^$NAME\$/#$MARK &/" || return
	done
}

would_edit() { sed "$2" "$1" | cmp -s - "$1" || echo "$1"; }
edit() { [ -z "$(would_edit "$@")" ] || { say "changing $1" && sed "$2" "$1" | write "$1" "$(stat -c %a "$1")"; }; }

would_take_over() {
	found=$(handmade_modules && cd "$R/" && each_boot_file would_edit)
	[ -z "$found" ] || printf '; taken over from hand-made installs: %s' "$(echo "$found" | paste -sd ' ' -)"
}

take_over() {
	handmade_modules | while read -r file; do
		say "setting aside $file" && note "$file" && rm "$file" || exit
	done && cd "$R/" && each_boot_file edit
}

arm() { edit "$1" "s/#\\{0,1\\}$MARK //"; }
give_back() { cd "$R/" && each_boot_file arm; }
