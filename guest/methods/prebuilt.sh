# shellcheck shell=sh disable=SC2034 # toa-setup reads what is set here
# SPDX-License-Identifier: MIT
# Part of toa-setup: the reader is a module that was built elsewhere, for exactly one kernel and architecture. Sourced.

# shellcheck source=guest/methods/vendor.sh
. "$LIB/vendor.sh"

# What preflight says where no module is pinned for the kernel that boots next.
TOA_KERNELS=$(files module | cut -d ' ' -f 1 | paste -sd ' ' -)
CURE='a module fits no other kernel than its own: pin one for this kernel, or write method: module in the spec'

# pin KERNEL: sha256 of its module.
pin() { files module | awk -v "kernel=$1" '$1 == kernel { print $2 }'; }
in_range() { [ -n "$(pin "$1")" ]; }
built() { echo "$STATE/built/$1/$(pin "$1").ko"; }

# Nothing is compiled.
deps() { :; }
has_headers() { :; }
would() {
	all_here
	say "this machine fits; nothing was changed. all would fetch the module for kernel $NEXT," \
		"load it at every boot, and believe $(believed)"
}

# As it is: stripped it would lose its signature.
method_build() {
	ko=$STATE/work/$MODULE.ko
	rm -rf "$STATE/work" && mkdir "$STATE/work" && cp "$STATE/fetch/$(pin "$1")" "$ko" || return
	made=$(modinfo -F vermagic "$ko")
	case $made in
	"$1 "*) ;;
	*) echo "error: the pinned module is for kernel ${made%% *}, not for $1" && return 1 ;;
	esac
	# e_machine of its ELF header.
	case "$(uname -m)$(od -An -tx1 -j18 -N2 "$ko")" in
	'x86_64 3e 00' | 'aarch64 b7 00') ;;
	*) echo "error: the pinned module is not for $(uname -m)" && return 1 ;;
	esac
	keep "$1" "$ko" && rm -r "$STATE/work"
}
