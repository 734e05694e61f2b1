# shellcheck shell=sh disable=SC2015 # die does not return
# SPDX-License-Identifier: MIT
# Part of toa-setup, for methods with files: the verb fetch. Sourced.
#
# /etc/toa/files: a file a line, ROLE RELEASE SHA256 URL; RELEASE is - where the file is for any kernel.

# files ROLE: lines RELEASE SHA256 URL.
files() { sed -n "s/^$1 //p" "$FROM/etc/toa/files"; }

# A file that is here is the one that is pinned: it gets its name only then. What is pinned no more is removed.
fetch() {
	mkdir -p "$STATE/fetch" || die 13 "could not write $STATE"
	while read -r _ _ sha256 url <&3; do
		[ "$(hash "$STATE/fetch/$sha256" 2>/dev/null)" = "$sha256" ] || get "$url" "$sha256"
	done 3<"$FROM/etc/toa/files"
	for file in "$STATE"/fetch/*; do
		name=${file##*/}
		grep -qF "${name%.part}" "$FROM/etc/toa/files" || rm -f "$file"
	done
}

# get URL SHA256: what was cut off is continued; where that gives no right file, or nothing more comes, the start of it is given up.
get() {
	part=$STATE/fetch/$2.part
	while [ "$(hash "$part" 2>/dev/null)" != "$2" ]; do
		had=$(size "$part")
		say "fetching $1"
		logged download "$1" "$part" || cut_off "$1"
		sum=$(hash "$part")
		[ "$sum" != "$2" ] || break
		rm -f "$part"
		[ "$had" != 0 ] || die 17 "$1 is not the file that is pinned: its sha256 is $sum" 'look at what changed before you pin it anew'
	done
	sync "$part" && mv -f "$part" "$STATE/fetch/$2" || die 13 "could not write $STATE"
}

cut_off() {
	now=$(size "$part")
	[ "$now" -lt $((BLOCKS * 512)) ] || { rm -f "$part" && die 17 "$1 is larger than $((BLOCKS / 2048)) MiB"; }
	[ "$now" != "$had" ] || rm -f "$part"
	die 17 "could not fetch $1: $(grep -im 1 '^curl:\|error' "$STATE/out" | cut -c -200)" "see $LOG"
}

size() { stat -c %s "$1" 2>/dev/null || echo 0; }

# In units of 512 bytes: a kernel package has a quarter of it.
BLOCKS=${TOA_FETCH_BLOCKS:-524288}

# download URL FILE: by https and nothing else, redirections too; in a shell of its own, which holds the limit.
download() (
	ulimit -f "$BLOCKS"
	if has curl && curl --proto =https --version >/dev/null 2>&1; then
		exec timeout 3600 curl --proto =https --proto-redir =https --location --max-redirs 5 --fail --silent --show-error --retry 3 \
			--connect-timeout 20 --speed-limit 1000 --speed-time 60 --continue-at - --output "$2" "$1"
	fi
	for python in python3 /usr/libexec/platform-python python2; do
		! has "$python" || exec timeout 3600 "$python" -c "$BY_PYTHON" "$1" "$2"
	done
	if has wget; then
		exec timeout 3600 wget --no-verbose --continue --tries=3 --timeout=60 --max-redirect=0 --output-document="$2" "$1"
	fi
	echo 'error: none of curl (7.20.2 or newer), Python and wget is here' && exit 1
)

BY_PYTHON='
import sys
try:
    from urllib.request import HTTPRedirectHandler, build_opener
except ImportError:
    from urllib2 import HTTPRedirectHandler, build_opener
class Redirect(HTTPRedirectHandler):
    def redirect_request(self, *args):
        if not args[-1].startswith("https://"):
            sys.exit("error: redirected to " + args[-1])
        return HTTPRedirectHandler.redirect_request(self, *args)
try:
    answer = build_opener(Redirect).open(sys.argv[1], timeout=60)
    out = open(sys.argv[2], "wb")
    block = answer.read(65536)
    while block:
        out.write(block)
        block = answer.read(65536)
    out.close()
except Exception as error:
    sys.exit("error: %s" % error)
'
