# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup, for method source: unpacks archives that nobody vouches for. Sourced.
#
# Files and folders only, inside the folder, not many and not large; unpacked by a user who may write nowhere else.

MOST_BYTES=67108864
MOST_FILES=5000

# No account has this number, and no daemon: what runs as the well-known nobody could change what root is about to load.
NOBODY=2000000001

# Runs a command as a user who owns nothing of this machine. chroot is in every coreutils; its 125 is that it could not.
as_nobody() {
	chroot --userspec=$NOBODY:$NOBODY / "$@"
	set -- $?
	[ "$1" != 125 ] || echo "error: could not give up root's rights"
	return "$1"
}

# unpack ARCHIVE FOLDER: tar, be it compressed, or zip.
unpack() {
	rm -rf "$2" "$2".* && mkdir -p "$2" && chown $NOBODY:$NOBODY "$2" || return
	# One byte more than may be: a bomb is cut off there.
	{ to_tar "$1" || : >"$2.cut"; } | head -c $((MOST_BYTES + 1)) >"$2.tar"
	[ "$(stat -c %s "$2.tar")" -le $MOST_BYTES ] || refuse "it unpacks to more than $((MOST_BYTES / 1048576)) MiB" || return
	[ ! -e "$2.cut" ] && tar -tvf "$2.tar" >"$2.list" 2>"$2.said" && tar -tf "$2.tar" >"$2.names" 2>/dev/null ||
		refuse "it is neither tar nor zip, or cut off" || return
	listed "$2" || return
	(ulimit -f $((MOST_BYTES / 512)) && as_nobody tar -xf "$2.tar" -C "$2" --no-same-owner --no-same-permissions) || return
	# What no listing shows.
	[ -z "$(find "$2" ! -type d ! -type f -o -type f -links +1)" ] || refuse 'it holds links or devices' || return
	chmod -R u+rwX,go-w "$2" && rm -f "$2".*
}

refuse() { echo "error: the archive is refused: $1" && return 1; }

# listed FOLDER: whether what the archive lists may be unpacked.
listed() {
	! grep -q '^[^d-]\| -> \| link to ' "$1.list" || refuse 'it holds links or devices' || return
	# Names that lead outside, which busybox's tar mends on the way, and says so.
	! grep -q '^/\|^\.\./\|/\.\./\|/\.\.$\|^\.\.$' "$1.names" && ! grep -qi 'removing leading' "$1.said" ||
		refuse 'it holds names that lead out of it' || return
	! grep -q '[^][:alnum:]._+/@,=~() -]' "$1.names" || refuse 'it holds odd names' || return
	[ "$(grep -c . "$1.names")" -le $MOST_FILES ] || refuse "it holds more than $MOST_FILES files"
}

# By what it begins with, not by its name; with a limit on what a decompressor may claim.
to_tar() (
	# shellcheck disable=SC3045 # every shell that we run under has it
	ulimit -v 1048576
	case $(od -An -tx1 -N4 "$1") in
	' 1f 8b'*) gzip -dc <"$1" ;;
	' 42 5a 68'*) bzip2 -dc <"$1" ;;
	' fd 37 7a 58') xz -dc <"$1" ;;
	' 50 4b 03 04') zip_to_tar "$1" ;;
	*) cat "$1" ;;
	esac 2>/dev/null
)

zip_to_tar() {
	for python in python3 /usr/libexec/platform-python python2; do
		! has "$python" || { "$python" -c "$ZIP_TO_TAR" "$1" && return; }
	done
}

# Links stay links, so that they are refused.
ZIP_TO_TAR='
import sys, tarfile, zipfile
archive = zipfile.ZipFile(sys.argv[1])
out = tarfile.open(fileobj=getattr(sys.stdout, "buffer", sys.stdout), mode="w|")
for item in archive.infolist():
    entry = tarfile.TarInfo(item.filename)
    entry.size = item.file_size
    if item.filename.endswith("/"):
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
    elif item.external_attr >> 28 == 0o12:
        entry.type = tarfile.SYMTYPE
    out.addfile(entry, archive.open(item))
out.close()
'
