# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup: the reader is our own module toa, built on the machine. Sourced.
# What every method's part answers: no_other_reader, foreign_reader, method_is_built, method_build, method_install, method_file,
# method_load, method_is_set, method_unload, method_forget.

MODULE=toa
PARAMETERS=$R/sys/module/toa/parameters

no_other_reader() { [ ! -d "$R/sys/module/vtoa" ] || die 15 'another reader is loaded: vtoa' 'systemctl disable --now vtoa'; }

# Ours answers to /proc/net/toa_trusted; any other toa was put there by hand.
foreign_reader() { [ ! -d "$R/sys/module/toa" ] || [ -e "$R/proc/net/toa_trusted" ] || echo toa; }

# Named by its source and who signs it: another source is another build.
built() { echo "$STATE/built/$1/$({ cat "$LIB"/module/* && certificate; } | hash).ko"; }
method_is_built() { [ -s "$(built "$1")" ]; }
method_file() { echo "$R/lib/modules/$1/updates/toa/$MODULE.ko"; }

# The compiler that built the kernel, where its configuration names one and it is here.
compiler() {
	cc=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ "]*\).*/\1/p' "$R/lib/modules/$1/build/.config")
	has "$cc" || cc=
}

# The part that signs brings its own.
sign() { :; }
certificate() { :; }
keep_key() { :; }

# Built from a copy, where nothing but the result is kept: a build that fails or is cut off leaves the old module in place.
method_build() {
	work=$STATE/work
	compiler "$1"
	rm -rf "$work" &&
		mkdir "$work" &&
		cp "$LIB"/module/* "$work" &&
		make -C "$R/lib/modules/$1/build" "M=$work" ${cc:+"CC=$cc"} modules &&
		strip -g "$work/toa.ko" && sign "$1" "$work/toa.ko" && keep "$1" "$work/toa.ko"
}

# keep KERNEL FILE: the file is what was built for the kernel.
keep() {
	case $(modinfo -F vermagic "$2") in
	"$1 "*) ;;
	*) echo "error: these are another kernel's headers" && return 1 ;;
	esac
	ko=$(built "$1")
	rm -rf "${ko%/*}" && mkdir -p "${ko%/*}" && write "$ko" 644 <"$2"
}

# Not compressed as its neighbours may be: every kernel takes it so.
put_modules() {
	keep_key || return
	for k in $KERNELS; do
		method_is_built "$k" || continue
		put_module "$k" && logged depmod ${R:+-b "$R"} "$k" || return
		found=$(modinfo ${R:+-b "$R"} -k "$k" -n $MODULE)
		file=$(method_file "$k")
		[ "${found#*/lib/modules/}" = "${file#*/lib/modules/}" ] || die 13 "another module comes first for kernel $k: $found"
	done
}
put_module() { put "$(method_file "$1")" 644 <"$(built "$1")"; }

method_install() {
	put_modules && options
}
options() {
	trusted=$(trusted | paste -sd , -)
	# The kernel takes at most a page; the whole list is written at each load.
	[ ${#trusted} -le 1000 ] || trusted=
	echo "options toa kinds=$TOA_KINDS${trusted:+ trusted=$trusted}${MODPROBE_MORE-}" | put "$R/etc/modprobe.d/toa.conf" 644
}

# A loaded reader is set anew, so that a changed plan needs no reload; an older build is replaced where nothing uses it.
method_load() {
	loaded=$(cat "$R/sys/module/toa/srcversion" 2>/dev/null)
	[ "$loaded" = "$(modinfo ${R:+-b "$R"} -k "$RUNNING" -F srcversion toa)" ] || modprobe -qr toa
	# One write: half a list must not be believed.
	logged modprobe toa && echo "$TOA_KINDS" >"$PARAMETERS/kinds" && believe
}
believe() { trusted | dd obs=1M 2>/dev/null >"$R/proc/net/toa_trusted"; }

trust_now() { { [ ! -e "$R/proc/net/toa_trusted" ] || believe; } && options; }
trust_seen() { cat "$R/proc/net/toa_untrusted"; }

method_is_set() { [ "$(cat "$PARAMETERS/kinds" 2>/dev/null)" = "$TOA_KINDS" ] && grep -q . "$R/proc/net/toa_trusted"; }

method_unload() { [ ! -d "$PARAMETERS" ] || logged modprobe -r toa; }

method_forget() { :; }

# shellcheck source=guest/methods/sign.sh
[ ! -e "$LIB/sign.sh" ] || . "$LIB/sign.sh"
# The parts for vendors' modules use this one too, and bring none for DKMS, which would sign with a key of its own.
# shellcheck source=guest/methods/dkms.sh
! has dkms || [ ! -e "$LIB/dkms.sh" ] || [ "${TOA_SIGNING-made}" != made ] || . "$LIB/dkms.sh"
