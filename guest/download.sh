# shellcheck shell=sh disable=SC2015 # die does not return
# SPDX-License-Identifier: MIT
# Part of toa-setup, for methods with files, and of bootstrap.sh: a file is downloaded and checked. Sourced; those two bring die, say, has,
# hash, logged, STATE, LOG, and what is in capitals below.

# get URL SHA256: becomes $STATE/fetch/SHA256. What was cut off is continued; where that gives no right file, or nothing more comes, the
# start of it is given up.
get() {
	part=$STATE/fetch/$2.part
	tries=3
	while [ "$(hash "$part" 2>/dev/null)" != "$2" ]; do
		had=$(size "$part")
		say "fetching $1"
		logged download "$1" "$part" || { cut_off "$1" && continue; }
		sum=$(hash "$part")
		[ "$sum" != "$2" ] || break
		rm -f "$part"
		[ "$had" != 0 ] || die 17 "$1 is not the file that is pinned: its sha256 is $sum" "$ANEW"
	done
	sync "$part" && mv -f "$part" "$STATE/fetch/$2" || die 13 "could not write $STATE"
}

# Whoever is too busy to answer may not be in a while.
cut_off() {
	now=$(size "$part")
	[ "$now" -lt $((BLOCKS * 512)) ] || { rm -f "$part" && die 17 "$1 is larger than $((BLOCKS * 512)) bytes"; }
	[ "$now" != "$had" ] || rm -f "$part"
	tries=$((tries - 1))
	[ "$tries" != 0 ] || die 17 "could not fetch $1: $(grep -im 1 '^curl:\|error\|failed' "$STATE/out" | cut -c -200)" "see $LOG"
	sleep $((30 / tries))
}

size() { stat -c %s "$1" 2>/dev/null || echo 0; }

# download URL FILE: at most BLOCKS of 512 bytes in PATIENCE seconds, by https and nothing else, redirections too; in a shell of its own,
# which holds the limit.
download() (
	ulimit -f "$BLOCKS"
	if has curl && curl --proto =https --version >/dev/null 2>&1; then
		exec timeout "$PATIENCE" curl --proto =https --proto-redir =https --location --max-redirs 5 --fail --silent --show-error --globoff \
			--retry 3 --connect-timeout 20 --speed-limit 1000 --speed-time 60 --continue-at - --output "$2" "$1"
	fi
	for python in python3 /usr/libexec/platform-python python2; do
		# Older ones look at no certificate.
		! has "$python" || ! "$python" -c 'import ssl; ssl.create_default_context' 2>/dev/null ||
			exec timeout "$PATIENCE" "$python" -c "$BY_PYTHON" "$1" "$2"
	done
	if has wget; then
		exec timeout "$PATIENCE" wget --no-verbose --continue --tries=3 --timeout=60 --max-redirect=0 --output-document="$2" "$1"
	fi
	echo 'error: none of curl (7.20.2 or newer), Python and wget is here' && exit 1
)

BY_PYTHON='
import ssl, sys
try:
    from urllib.request import HTTPRedirectHandler, HTTPSHandler, build_opener
except ImportError:
    from urllib2 import HTTPRedirectHandler, HTTPSHandler, build_opener
class Redirect(HTTPRedirectHandler):
    def redirect_request(self, *args):
        if not args[-1].startswith("https://"):
            sys.exit("error: redirected to " + args[-1])
        return HTTPRedirectHandler.redirect_request(self, *args)
try:
    https = HTTPSHandler(context=ssl.create_default_context())
    answer = build_opener(https, Redirect).open(sys.argv[1], timeout=60)
    out = open(sys.argv[2], "wb")
    block = answer.read(65536)
    while block:
        out.write(block)
        block = answer.read(65536)
    size = int(answer.headers.get("Content-Length") or out.tell())
    if out.tell() != size:
        sys.exit("error: cut off")
    out.close()
except Exception as error:
    sys.exit("error: %s" % error)
'
