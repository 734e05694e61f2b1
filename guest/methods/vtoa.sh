# shellcheck shell=sh disable=SC2015,SC2034 # die does not return; toa-setup reads what is set here
# SPDX-License-Identifier: MIT
# Part of toa-setup: the reader is the distribution's own, vtoa: inside older kernels, a package with a unit for newer ones. Sourced;
# it replaces those functions of toa-setup that are about compilers and headers.

read_env MODULE READER_PACKAGE READER_UNIT READER_KERNEL

# The distribution signs it.
signature() { :; }
MODULE=$TOA_MODULE
UNIT=/usr/lib/systemd/system/$TOA_READER_UNIT.service

# What brings the reader to a kernel: the module where the kernel has one, else the package's unit where it works.
method_file() {
	file=$(module_of "$1")
	if [ -z "$file" ] && [ -e "$R$UNIT" ] && at_least "$1"; then file=$R$UNIT; fi
	echo "$file"
}
module_of() { modinfo ${R:+-b "$R"} -k "$1" -n "$TOA_MODULE" 2>/dev/null; }
at_least() { printf '%s\n' "$TOA_READER_KERNEL" "$1" | sort -Vc 2>/dev/null; }

method_is_built() { [ -n "$(method_file "$1")" ]; }

deps() {
	! method_is_built "$NEXT" || return 0
	at_least "$NEXT" ||
		die 11 "kernel $NEXT has no $TOA_MODULE inside, and package $TOA_READER_PACKAGE needs $TOA_READER_KERNEL" 'update the kernel'
	say "installing $TOA_READER_PACKAGE"
	packages_install "$TOA_READER_PACKAGE" && method_is_built "$NEXT" ||
		die 11 "$TOA_PACKAGE_MANAGER could not install $TOA_READER_PACKAGE: $(why)" "see $LOG"
}

has_headers() { :; }
would() {
	say "this machine fits; nothing was changed. all would use the $TOA_MODULE of the kernel or of package $TOA_READER_PACKAGE," \
		"load it at every boot, and believe $(believed)"
}

build() { method_is_built "$NEXT" || die 12 "there is no $TOA_MODULE for kernel $NEXT" 'toa-setup deps installs it'; }

method_install() { filter_tools; }

# Of two readers each would hide what the other sees.
no_other_reader() { :; }
foreign_reader() { [ ! -d "$R/sys/module/toa" ] || echo toa; }

# modprobe first: at boot, when toa.service runs, the package's unit may have to wait for what waits for us.
method_load() {
	filter_on || return
	if [ -n "$(module_of "$RUNNING")" ]; then
		logged modprobe "$TOA_MODULE"
	else
		logged timeout 60 systemctl start "$TOA_READER_UNIT.service"
	fi
}

method_is_set() { [ -d "$R/sys/module/$TOA_MODULE" ] && [ ! -d "$R/sys/module/toa" ]; }

method_unload() {
	units stop "$TOA_READER_UNIT.service"
	{ [ ! -d "$R/sys/module/$TOA_MODULE" ] || logged modprobe -r "$TOA_MODULE"; } && filter_off
}

method_forget() { :; }

# Who is to be believed.
# shellcheck source=guest/filter.sh
. "$LIB/filter.sh"
