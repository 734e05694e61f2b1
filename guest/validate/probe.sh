# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Runs the probe on a machine that stays as it is. Standard input: the option kinds, a line; the trusted networks, a line each;
# an empty line; the probe. Where the machine has a packet-filter table of ours, the probe's network namespace gets it as well.
set -u
umask 077
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
read -r kinds
while read -r network && [ -n "$network" ]; do
	echo "$network"
done >"$work/trusted"
cat >"$work/probe"
nft list table inet toa >"$work/table" 2>/dev/null || : >"$work/table"

for python in python3 /usr/libexec/platform-python python2; do
	! command -v "$python" >/dev/null || break
done
"$python" - "$work" --kinds "$kinds" --trust "$work/trusted" <<'END'
import subprocess, sys
work = sys.argv[1]
probe = {'__name__': 'probe'}
exec(compile(open(work + '/probe').read(), 'toa-probe', 'exec'), probe)
open_tun = probe['open_tun']


# The probe calls it first of all in its namespace.
def open_tun_behind_table(pairs):
    table = open(work + '/table')
    if table.read(1):
        subprocess.check_call(['nft', '-f', work + '/table'])
    return open_tun(pairs)


probe['open_tun'] = open_tun_behind_table
sys.exit(probe['main'](sys.argv[2:]))
END
