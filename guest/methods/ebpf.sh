# shellcheck shell=sh disable=SC2015,SC2034 # die does not return; toa-setup reads what is set here
# SPDX-License-Identifier: MIT
# Part of toa-setup: the reader is eBPF programs, the same for every kernel; toa-bpf, a Python script, loads them. Sourced; it replaces
# those functions of toa-setup that are about compilers and headers.

# Nobody signs programs.
signature() { :; }
OBJECT=$R/usr/local/lib/toa/toa.bpf

# A plan without a range has the kernel that the programs need.
case $TOA_KERNELS in
0-*) TOA_KERNELS=5.10-999 ;;
esac

# What the kernel's own configuration says, where there is one to read.
method_is_built() { in_range "$1" && ! grep -qs '^# CONFIG_CGROUP_BPF is not set' "$R/boot/config-$1"; }
method_file() { ! method_is_built "$1" || echo "$OBJECT"; }
method_install() { :; }
method_forget() { :; }

python() {
	for python in python3 /usr/libexec/platform-python; do
		! has "$python" || break
	done
	"$python" "$@"
}

# Everything is there but, on a small image, Python.
deps() {
	! python -c '' 2>/dev/null || return 0
	say 'installing python3'
	packages_install python3 && python -c '' || die 11 "$TOA_PACKAGE_MANAGER could not install python3: $(why)" "see $LOG"
}

has_headers() { :; }
would() {
	say "this machine fits; nothing was changed. all would load eBPF programs at every boot, for which nothing is built," \
		"and believe $(trusted | grep -c .) network(s)"
}

build() { method_is_built "$NEXT" || die 12 "kernel $NEXT has no CONFIG_CGROUP_BPF" 'method module does without'; }

# A module would name the same connections.
no_other_reader() { :; }
foreign_reader() {
	for module in vtoa toa; do
		[ ! -d "$R/sys/module/$module" ] || { echo $module && break; }
	done
}

programs() { python "$LIB/toa-bpf" "$@"; }
load_programs() { trusted | programs load "$TOA_KINDS"; }

# What is loaded already is replaced without a gap.
method_load() { logged load_programs; }

trust_now() { ! programs check 2>/dev/null || logged load_programs; }
trust_seen() { programs untrusted; }

# Says on standard error who else names peers.
method_is_set() { programs check && [ "$(programs kinds)" = "$TOA_KINDS" ] && programs trusted | grep -q .; }

# The pins hold everything: where Python is gone, it goes with them all the same.
method_unload() { [ ! -d "$R/sys/fs/bpf/toa" ] || logged programs unload || logged rm -r "$R/sys/fs/bpf/toa"; }

stats() { programs stats; }
loaded() {
	programs check 2>/dev/null && shown='' || shown='not '
	echo "the programs are ${shown}loaded and pinned below /sys/fs/bpf/toa"
}
