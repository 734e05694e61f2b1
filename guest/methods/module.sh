# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup: the reader is our own module toa, built on the machine. Sourced; uses R, LIB, STATE and HINT from there.
# What every method's part answers: method_is_built, method_build, method_install, method_has, method_file, method_load,
# method_is_set, method_unload.

source_hash() { hash_of "$LIB"/module/*; }

method_is_built() {
	[ -s "$STATE/built/$1/toa.ko" ] && [ "$(cat "$STATE/built/$1/source" 2>/dev/null)" = "$(source_hash)" ]
}

# The compiler that built the kernel, where its configuration names one by version and it is here.
kernel_compiler() {
	cc=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ "]*\).*/\1/p' "$R/lib/modules/$1/build/.config" 2>/dev/null)
	case $cc in '' | gcc) ;; *) if has "$cc"; then echo "$cc"; fi ;; esac
}

# Built from a copy, where nothing but the result is kept: a build that fails or is cut off leaves the old module in place.
method_build() {
	work=$STATE/work
	built=$STATE/built/$1
	cc=$(kernel_compiler "$1")
	rm -rf "$work" "$built.new"
	mkdir -p "$work" "$built.new" && cp "$LIB"/module/* "$work" &&
		make -C "$R/lib/modules/$1/build" "M=$work" ${cc:+"CC=$cc"} modules &&
		case $(modinfo -F vermagic "$work/toa.ko") in
		"$1 "*) ;;
		*) echo "error: the headers under /lib/modules/$1/build are another kernel's" && false ;;
		esac &&
		{ strip --strip-debug "$work/toa.ko" || :; } &&
		cp "$work/toa.ko" "$built.new/toa.ko" && source_hash >"$built.new/source" &&
		settle "$built.new/toa.ko" && rm -rf "$built" && mv "$built.new" "$built"
	result=$?
	rm -rf "$work" "$built.new"
	return "$result"
}

method_file() {
	for file in "$R/lib/modules/$1"/updates/toa/toa.ko*; do
		case $file in *.toa-new | *'*') ;; *) echo "$file" ;; esac
	done
}
method_has() { [ -n "$(method_file "$1")" ]; }

# Compressed as its neighbours are; uncompressed where the tool is missing, which every kernel takes too.
compress_like_neighbours() {
	neighbour=$(find "$R/lib/modules/$1/kernel/" -name '*.ko*' 2>/dev/null | head -n 1)
	case $neighbour in
	*.xz) has xz && xz --check=crc32 -c "$2" >"$2.xz" && echo .xz ;;
	*.zst) has zstd && zstd -q -c "$2" >"$2.zst" && echo .zst ;;
	*.gz) gzip -nc "$2" >"$2.gz" && echo .gz ;;
	esac
}

method_install() {
	HINT='no kernel has one'
	for k in $(installed_kernels); do
		method_is_built "$k" || continue
		HINT="for kernel $k"
		end=$(compress_like_neighbours "$k" "$STATE/built/$k/toa.ko")
		old=$(method_file "$k")
		put "$R/lib/modules/$k/updates/toa/toa.ko$end" 644 <"$STATE/built/$k/toa.ko$end" || return 1
		for file in $old; do [ "$file" = "$R/lib/modules/$k/updates/toa/toa.ko$end" ] || rm -f "$file"; done
		depmod ${R:+-b "$R"} "$k" || return 1
		found=$(modinfo ${R:+-b "$R"} -k "$k" -n toa)
		case $found in
		"$R/lib/modules/$k/updates/toa/"* | "$R/usr/lib/modules/$k/updates/toa/"*) ;;
		*) HINT="another toa.ko comes first for kernel $k: $found" && return 1 ;;
		esac
	done
	method_has "$(next_kernel)" || return 1
	conf=$R/etc/modprobe.d/toa.conf
	keep_foreign "$conf"
	trusted=$(trusted_list ,)
	# The kernel takes at most a page; the whole list is written again at each load.
	[ ${#trusted} -le 1000 ] || trusted=
	{
		echo "options toa kinds=$TOA_KINDS${trusted:+ trusted=$trusted}"
		# SUSE's modprobe refuses what SUSE does not support.
		[ "$TOA_PACKAGE_MANAGER" != zypper ] || echo 'allow_unsupported_modules 1'
	} | put "$conf" 644
}

trusted_list() { sed '/^#/d;/^$/d' "$FROM/etc/toa/trusted" | paste -s -d "$1" -; }

PARAMETERS=$R/sys/module/toa/parameters

# A loaded reader is set anew, so that a changed plan needs no reload; an older build is replaced where nothing uses it.
method_load() {
	new=$(modinfo ${R:+-b "$R"} -k "$(uname -r)" -F srcversion toa)
	if [ -d "$PARAMETERS" ] && [ "$(cat "$R/sys/module/toa/srcversion" 2>/dev/null)" != "$new" ]; then
		modprobe -r toa || say 'the older reader is in use: the new one comes with the next boot'
	fi
	HINT=$(modprobe toa 2>&1) || { HINT="$HINT $(dmesg 2>/dev/null | sed -n 's/^\[[^]]*\] *toa: /toa: /p' | tail -n 1)" && return 1; }
	echo "$TOA_KINDS" >"$PARAMETERS/kinds" && trusted_list ' ' >"$R/proc/net/toa_trusted"
}

method_is_set() {
	[ -d "$PARAMETERS" ] || { HINT='module toa is not loaded' && return 1; }
	kinds=$(cat "$PARAMETERS/kinds")
	[ "$kinds" = "$TOA_KINDS" ] || { HINT="it reads kinds $kinds instead of $TOA_KINDS" && return 1; }
	[ -s "$R/proc/net/toa_trusted" ] || grep -q . "$R/proc/net/toa_trusted" || { HINT='it trusts nobody' && return 1; }
}

method_unload() {
	[ ! -d "$PARAMETERS" ] || HINT=$(modprobe -r toa 2>&1)
}
