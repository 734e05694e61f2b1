#!/bin/sh
# Every fake command of a fake root: linked under each name, it logs its arguments to $FAKE/log and does to $TOA_ROOT what the real
# one would do. Files in $FAKE steer it.
# shellcheck disable=SC2015 # what comes before || never fails
name=${0##*/}
echo "$name $*" >>"$FAKE/log"
steer() { cat "$FAKE/$1" 2>/dev/null; }

# The program is there from now on: as an executable that is not faked further, or as the folder of headers.
provide() {
	for package in "$@"; do
		case $package in
		-* | install | update) ;;
		*headers-* | *devel*)
			release=$(steer headers-release)
			mkdir -p "$TOA_ROOT/lib/modules/$release/build" && : >"$TOA_ROOT/lib/modules/$release/build/Makefile"
			;;
		*) ln -sf fake-root.sh "$FAKE/bin/$package" ;;
		esac
	done
}

case $name in
uname) [ "$1" = -r ] && steer release || steer machine ;;
grubby) steer grubby ;;
sync) [ ! -e "$FAKE/sync-fails" ] ;;
apt-get)
	locked=$(steer locked)
	if [ "${locked:-0}" -gt 0 ]; then
		echo $((locked - 1)) >"$FAKE/locked"
		echo 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 42 (unattended-upgr)'
		exit 100
	fi
	if [ -e "$FAKE/packages-fail" ]; then
		steer packages-fail
		exit 100
	fi
	while [ "$1" != install ] && [ "$1" != update ]; do shift; done
	provide "$@"
	# A daemon that a package starts keeps the descriptors it inherited.
	if [ -e "$FAKE/daemon" ]; then { /bin/sleep 20 & } && echo $! >"$FAKE/daemon"; fi
	;;
yum | dnf | zypper)
	[ ! -e "$FAKE/packages-fail" ] || { steer packages-fail && exit 1; }
	provide "$@"
	;;
dpkg-query) steer dpkg ;;
rpm) steer rpm | grep -qx "$2" ;;
make)
	# Once: whoever waits for the build is gone, as if the power had been cut.
	[ ! -e "$FAKE/power-cut" ] || { rm "$FAKE/power-cut" && kill -9 "$PPID"; }
	release=${2#"$TOA_ROOT/lib/modules/"}
	release=${release%/build}
	# Written before it fails, as a compiler that dies halfway does.
	echo "${release} SMP $(steer source)" >"${3#M=}/toa.ko"
	[ ! -e "$FAKE/make-fails-$release" ] || { steer "make-fails-$release" && exit 2; }
	[ -e "$2/Makefile" ] || { echo "make: *** $2: No such file or directory.  Stop." && exit 2; }
	;;
modinfo)
	case "$*" in
	*vermagic*) [ -e "$FAKE/vermagic" ] && steer vermagic || cat "$3" ;;
	*srcversion*) steer srcversion ;;
	*' -n toa') [ -e "$FAKE/found" ] && steer found || ls "$2/lib/modules/$4/updates/toa/toa.ko" ;;
	esac
	;;
depmod) (cd "$2/lib/modules/$3" && find . -name '*.ko*' | sort >modules.dep) ;;
modprobe)
	module=$TOA_ROOT/sys/module/toa
	case "$*" in
	*-*r*) [ -d "$module" ] && [ ! -e "$FAKE/unload-fails" ] && rm -r "$module" "$TOA_ROOT/proc/net/toa_trusted" ;;
	toa)
		[ -e "$FAKE/crash" ] && kill -KILL "$PPID"
		ls "$TOA_ROOT"/var/lib/toa/loading.* >"$FAKE/markers" 2>/dev/null
		[ ! -e "$FAKE/modprobe-fails" ] || { steer modprobe-fails >&2 && exit 1; }
		mkdir -p "$module/parameters" && : >"$module/parameters/kinds" && : >"$TOA_ROOT/proc/net/toa_trusted"
		steer srcversion >"$module/srcversion"
		;;
	esac
	;;
python3) steer probe && exit "$(steer probe-code)" ;;
esac
