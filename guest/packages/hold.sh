# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup: the kernel's packages are held back (kernel.onUpgrade: hold), or no more. What others hold stays held. Sourced.

# The kernel, its modules, its headers, and what pulls the next ones in; with yum and dnf as patterns.
kernel_packages() {
	case $TOA_PACKAGE_MANAGER in
	apt) installed | grep '^linux-\(image\|headers\|modules\|generic\|virtual\|lowlatency\|aws\|azure\|gcp\|gke\|ibm\|kvm\|oracle\|raspi\)' ;;
	zypper) echo 'kernel-*' ;;
	*) echo 'kernel kernel-core kernel-modules* kernel-devel* kernel-uek*' ;;
	esac
}

packages_hold() {
	[ ! -s "$STATE/held" ] || packages_rebuild || return
	if [ "$TOA_PACKAGE_MANAGER" = apt ]; then
		kernel_packages | grep -vxF "$(apt-mark showhold)" | write "$STATE/held" 644
		# shellcheck disable=SC2046 # words are meant to split
		[ ! -s "$STATE/held" ] || logged apt-mark hold $(cat "$STATE/held")
	else
		kernel_packages | write "$STATE/held" 644 && change hold
	fi
}

packages_rebuild() {
	[ -s "$STATE/held" ] || return 0
	# shellcheck disable=SC2046
	if [ "$TOA_PACKAGE_MANAGER" = apt ]; then logged apt-mark unhold $(cat "$STATE/held"); else change rebuild; fi && rm "$STATE/held"
}

# Whatever else is in the files stays as it is.
change() {
	names=$(cat "$STATE/held")
	case $TOA_PACKAGE_MANAGER in
	zypper)
		[ "$1" = hold ] && verb=addlock || verb=removelock
		logged zypper --non-interactive "$verb" "$names"
		return
		;;
	dnf) file=$R/etc/dnf/dnf.conf ;;
	*) file=$R/etc/yum.conf ;;
	esac
	if [ "$1" = rebuild ]; then
		names=$(echo "$names" | sed 's/\*/\\*/g')
		edit="/^exclude=$names\$/d; s/ $names\$//"
	elif grep -q '^exclude\(pkgs\)\{0,1\} *=' "$file"; then
		edit="s/^exclude\(pkgs\)\{0,1\} *=.*/& $names/"
	else
		edit="/^\[main\]/a exclude=$names"
	fi
	sed "$edit" "$file" | write "$file" "$(stat -c %a "$file")"
}
