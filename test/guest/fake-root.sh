#!/bin/sh
# Every fake command of a fake root: linked under each name, it logs its arguments to $FAKE/log and does to $TOA_ROOT what the real
# one would do. Files in $FAKE steer it.
# shellcheck disable=SC2015 # what comes before || never fails
name=${0##*/}
echo "$name $*" >>"$FAKE/log"
steer() { cat "$FAKE/$1" 2>/dev/null; }

# packages: what there is, lines NAME [KERNEL], the kernel being the one whose headers it holds. Without that file everything is there,
# and headers are for headers-release. What cannot be had is said in the manager's own words; yum goes on with the rest.
install_packages() {
	lacking=
	for package in "$@"; do
		case $package in
		-* | install | update | upgrade) ;;
		vtoa)
			mkdir -p "$TOA_ROOT/usr/lib/systemd/system" && : >"$TOA_ROOT/usr/lib/systemd/system/vtoa.service"
			;;
		*) has_package "$package" && found="${found-} $package" || lacking="$lacking $package" ;;
		esac
	done
	for package in $lacking; do
		case $name in
		apt-get) echo "E: Unable to locate package $package" ;;
		yum) echo "No package $package available." ;;
		dnf) echo "No match for argument: $package" && echo "Error: Unable to find a match: $package" ;;
		zypper) echo "'$package' not found in package names. Trying capabilities." && echo "No provider of '$package' found." ;;
		esac
	done
	case $name:$lacking in
	*: | yum:*) for package in ${found-}; do provide "$package"; done ;;
	apt-get:*) exit 100 ;;
	zypper:*) exit 104 ;;
	*) exit 1 ;;
	esac
}
has_package() {
	! grep -qsxF "$1" "$FAKE/unserved" || return
	[ ! -e "$FAKE/packages" ] || awk -v "name=$1" '$1 == name { found = 1 } END { exit !found }' "$FAKE/packages"
}

# It is there from now on: as an executable that is not faked further, as what rpm knows of, as a kernel, or as its headers.
provide() {
	release=$(steer headers-release)
	[ ! -e "$FAKE/packages" ] || release=$(awk -v "name=$1" '$1 == name { print $2 }' "$FAKE/packages")
	dir=$TOA_ROOT/lib/modules/$release
	case $1 in
	elfutils-libelf-devel) echo "$1" >>"$FAKE/rpm" ;;
	*headers-* | *devel*) [ -z "$release" ] || { mkdir -p "$dir/build" && : >"$dir/build/Makefile"; } ;;
	linux-image-* | kernel*) mkdir -p "$dir/kernel" ;;
	*) ln -sf fake-root.sh "$FAKE/bin/$1" ;;
	esac
}

# Below this root, the real ones: where a test has put a repository there.
if [ -d "$TOA_ROOT/etc/yum.repos.d" ]; then
	case $name in
	dnf | yum) PATH=/usr/sbin:/usr/bin:/sbin:/bin exec /usr/bin/dnf "--installroot=$TOA_ROOT" --releasever=1 "$@" ;;
	rpm)
		[ "$1" != -qf ] || set -- -qf "${2#"$TOA_ROOT"}"
		PATH=/usr/sbin:/usr/bin:/sbin:/bin exec /usr/bin/rpm "--root=$TOA_ROOT" "$@"
		;;
	esac
fi

case $name in
uname) [ "$1" = -r ] && steer release || steer machine ;;
grubby)
	case $1 in
	--set-default=*) [ -e "$FAKE/grubby-stuck" ] || echo "${1#*=}" >"$FAKE/grubby" ;;
	--info=*) steer index ;;
	*) steer grubby ;;
	esac
	;;
grub) cat >>"$FAKE/log" ;;
grub2-reboot) [ ! -e "$FAKE/no-reboot" ] ;;
sync) [ ! -e "$FAKE/sync-fails" ] ;;
# Where the test has made it so, the real ones, below the root; see test/support/bad-mirror.ts.
apt-get | dpkg)
	if [ -e "$FAKE/apt.conf" ]; then
		export "APT_CONFIG=$FAKE/apt.conf" PATH=/usr/sbin:/usr/bin:/sbin:/bin
		[ "$name" = apt-get ] || set -- --root="$TOA_ROOT" --force-not-root --force-script-chrootless "$@"
		# busybox's timeout ends this process only.
		"$name" "$@" &
		trap 'kill $!' TERM
		wait $!
		code=$?
		for program in "$TOA_ROOT"/usr/bin/*; do
			[ ! -e "$program" ] || ln -sf fake-root.sh "$FAKE/bin/${program##*/}"
		done
		exit "$code"
	fi
	[ "$name" = apt-get ] || { [ "$1" != -S ] && exit; }
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
	install_packages "$@"
	# A daemon that a package starts keeps the descriptors it inherited.
	if [ -e "$FAKE/daemon" ]; then { /bin/sleep 20 & } && echo $! >"$FAKE/daemon"; fi
	;;
yum | dnf | zypper)
	[ ! -e "$FAKE/dnf-waits" ] || /bin/sleep 60
	[ ! -e "$FAKE/packages-fail" ] || { steer packages-fail && exit 1; }
	install_packages "$@"
	;;
apt-mark)
	verb=$1
	shift
	case $verb in
	showhold) steer marks ;;
	hold) printf '%s\n' "$@" >>"$FAKE/marks" ;;
	unhold) for package in "$@"; do sed -i "/^$package\$/d" "$FAKE/marks"; done ;;
	esac
	;;
# One folder a version, one a kernel in it, which says built or installed.
dkms)
	verb=$1 force='' of=$FAKE/dkms kernel=
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		-v) of=$FAKE/dkms/$2 version=$2 && shift ;;
		-k) kernel=$2 && shift ;;
		--force) force=1 ;;
		esac
		shift
	done
	put=$TOA_ROOT/lib/modules/$kernel/updates/dkms/toa.ko
	case $verb in
	add) mkdir -p "$of" && cat "$TOA_ROOT/usr/src/toa-$version/dkms.conf" >>"$FAKE/dkms-added" ;;
	build)
		[ ! -e "$FAKE/make-fails-$kernel" ] || { steer "make-fails-$kernel" && exit 10; }
		echo built >"$of/$kernel"
		;;
	install)
		[ ! -e "$put" ] || [ "$force" ] || exit 6
		echo installed >"$of/$kernel" && mkdir -p "${put%/*}" && echo "$kernel SMP $version" >"$put"
		;;
	remove)
		[ -e "$of" ] || exit 3
		! grep -qs " $version\$" "$put" || rm "$put"
		if [ "$kernel" ]; then rm -f "$of/$kernel"; else
			for file in "$TOA_ROOT"/lib/modules/*/updates/dkms/toa.ko; do ! grep -q " $version\$" "$file" || rm "$file"; done
			rmdir "$TOA_ROOT"/lib/modules/*/updates/dkms "$TOA_ROOT"/lib/modules/*/updates
			rm -r "$of"
		fi 2>/dev/null
		;;
	status)
		[ ! -e "$of" ] || [ "$kernel" ] || echo "toa/$version: added"
		for state in "$of"/${kernel:-*}; do
			[ ! -e "$state" ] || echo "toa/$version, ${state##*/}, x86_64: $(cat "$state")"
		done
		;;
	esac
	;;
dpkg-query) steer dpkg ;;
rpm)
	case $1 in
	-qf) steer owned | grep -q "${2#"$TOA_ROOT"}" ;;
	-qp) steer rpm-name ;;
	-qpl) steer rpm-list ;;
	-U) : >"$FAKE/firmware-is-here" ;;
	-i)
		[ ! -e "$FAKE/rpm-fails" ] || { steer rpm-fails && exit 1; }
		if [ -e "$FAKE/wants-firmware" ] && [ ! -e "$FAKE/firmware-is-here" ]; then
			printf 'error: Failed dependencies:\n\tkernel-firmware >= 2.6.32-696 is needed by kernel\n' && exit 1
		fi
		[ "$2" != --test ] || exit 0
		# As the package's own script does it.
		echo "/boot/vmlinuz-$(steer theirs)" >"$FAKE/grubby"
		dir=$TOA_ROOT/lib/modules/$(steer theirs)/kernel/net/toa
		mkdir -p "$dir" && : >"$dir/toa.ko.xz" && echo ./kernel/net/toa/toa.ko.xz >"${dir%/kernel*}/modules.dep"
		;;
	*) steer rpm | grep -qx "$2" ;;
	esac
	;;
make)
	# Once: whoever waits for the build is gone, as if the power had been cut.
	[ ! -e "$FAKE/power-cut" ] || { rm "$FAKE/power-cut" && kill -9 "$PPID"; }
	while [ -e "$FAKE/make-waits" ]; do /bin/sleep 0.1; done
	release=${2#"$TOA_ROOT/lib/modules/"}
	release=${release%/build}
	# Written before it fails, as a compiler that dies halfway does.
	product=$(steer product)
	mkdir -p "${3#M=}" && echo "${release} SMP $(steer source)" >"${3#M=}/${product:-toa.ko}"
	[ ! -e "$FAKE/make-fails-$release" ] || { steer "make-fails-$release" && exit 2; }
	[ -e "$2/Makefile" ] || { echo "make: *** $2: No such file or directory.  Stop." && exit 2; }
	;;
modinfo)
	case "$*" in
	*vermagic*) [ -e "$FAKE/vermagic" ] && steer vermagic || cat "$3" ;;
	*srcversion*) steer srcversion ;;
	*' -n '*)
		[ ! -e "$FAKE/found" ] || { steer found && exit; }
		for dir in updates/dkms updates/toa kernel/net; do
			file=$2/lib/modules/$4/$dir/$6.ko
			[ ! -e "$file" ] || { echo "$file" && exit; }
		done
		exit 1
		;;
	esac
	;;
chroot)
	shift 2
	exec "$@"
	;;
depmod) (cd "$2/lib/modules/$3" && find . -name '*.ko*' | sort >modules.dep) ;;
modprobe)
	for word in "$@"; do module=$TOA_ROOT/sys/module/$word; done
	case "$*" in
	*-*r*) [ -d "$module" ] && [ ! -e "$FAKE/unload-fails" ] && rm -r "$module" && rm -f "$TOA_ROOT/proc/net/toa_trusted" ;;
	*)
		[ -e "$FAKE/crash" ] && kill -KILL "$PPID"
		ls "$TOA_ROOT"/var/lib/toa/loading.* >"$FAKE/markers" 2>/dev/null
		[ ! -e "$FAKE/modprobe-fails" ] || { steer modprobe-fails >&2 && exit 1; }
		mkdir -p "$module/parameters" && steer srcversion >"$module/srcversion"
		[ -e "$FAKE/vendor" ] || { : >"$module/parameters/kinds" && : >"$TOA_ROOT/proc/net/toa_trusted"; }
		;;
	esac
	;;
systemctl)
	case "$*" in
	*enable\ *) [ ! -e "$FAKE/enable-fails" ] ;;
	start\ vtoa.service) [ -e "$FAKE/unit-fails" ] && steer unit-fails >&2 && exit 1 || mkdir -p "$TOA_ROOT/sys/module/vtoa" ;;
	esac
	;;
curl)
	[ "$*" != '--proto =https --version' ] || exit 0
	[ ! -e "$FAKE/curl-fails" ] || { steer curl-fails && exit 22; }
	while [ "$1" != --output ]; do shift; done
	cp "$FAKE/web-${3##*/}" "$2"
	;;
python3)
	pins=$TOA_ROOT/sys/fs/bpf/toa
	case $* in
	-c\ import\ ssl*) exit "$(steer probe-code)" ;;
	-c*) ;;
	*toa-bpf\ load*)
		! steer bpf-fails >&2 || exit 1
		mkdir -p "$pins" && echo "$3" >"$pins/kinds" && cat >"$pins/trusted"
		;;
	*toa-bpf\ unload) rm -r "$pins" ;;
	*toa-bpf\ check) [ -d "$pins" ] ;;
	*toa-bpf\ stats) printf '      CPU0  CPU1\nsyn_recv_sock_toa  :  2  3\n' ;;
	*toa-bpf*) cat "$pins/$2" ;;
	*) steer probe && exit "$(steer probe-code)" ;;
	esac
	;;
esac
