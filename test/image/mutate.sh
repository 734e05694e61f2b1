# shellcheck shell=sh
# Sourced. Changes the ext4 image $IMAGE as debugfs can, which mounts nothing; $T is a folder for one mutation.

image() { debugfs -w -f - "$IMAGE" >/dev/null 2>&1; }
get() { debugfs -R "cat $1" "$IMAGE" 2>/dev/null; }

# put PATH [MODE]: a file in a folder that is there.
put() {
	cat >"$T/new" && chmod "${2:-644}" "$T/new"
	printf 'cd %s/\nrm %s\nwrite %s %s\n' "${1%/*}" "${1##*/}" "$T/new" "${1##*/}" | image
}

# edit PATH SED-PROGRAM: it must change something.
edit() {
	get "$1" >"$T/old"
	sed "$2" "$T/old" >"$T/edited"
	! cmp -s "$T/old" "$T/edited" || { echo "nothing to edit in $1" >&2 && exit 1; }
	put "$1" <"$T/edited"
}

remove() { for path in "$@"; do echo "rm $path"; done | image; }
# Takes a folder out of the tree with all that is in it.
unlink() { echo "unlink $1" | image; }
folder() { for path in "$@"; do echo "mkdir $path"; done | image; }

# depmod RELEASE in the image.
index() {
	mkdir -p "$T/lib/modules"
	debugfs -R "rdump /lib/modules/$1 $T/lib/modules" "$IMAGE" 2>/dev/null
	depmod -b "$T" "$1"
	for name in modules.dep modules.dep.bin; do put "/lib/modules/$1/$name" <"$T/lib/modules/$1/$name"; done
}

# The entry that GRUB takes, as grub-set-default writes it.
saved() {
	get /boot/grub/grubenv >"$T/env"
	grub-editenv "$T/env" set "saved_entry=$1"
	put /boot/grub/grubenv <"$T/env"
}

compile() { gcc -c -DRELEASE="\"$R\"" "$@" -o "$T/toa.ko" "$MODULE"; }

# The module of the kernel that boots next, as if toa-setup had installed what it was given.
installed() {
	put "$KO" <"$1"
	sum=$(sha256sum <"$1" | cut -c -64)
	edit /var/lib/toa/receipt.json "s|/$R/updates/toa/toa.ko\", \"sha256\": \"[0-9a-f]*|/$R/updates/toa/${KO##*/}\", \"sha256\": \"$sum|"
}

nothing_loads() { remove /etc/systemd/system/toa.service /etc/systemd/system/multi-user.target.wants/toa.service; }
