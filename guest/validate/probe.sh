# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Runs the probe on a machine that stays as it is. Standard input: the option kinds, a line; the trusted networks, a line each;
# an empty line; the probe. Where the machine has packet-filter rules of ours in force, the probe's network namespace gets them as well.
set -u
umask 077
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
read -r kinds
while read -r network && [ -n "$network" ]; do
	echo "$network"
done >"$work/trusted"
cat >"$work/probe"
# There nobody would own the table. Where nft has none, it is a chain of iptables.
if nft list table inet toa >"$work/listed" 2>/dev/null; then
	sed '/^[[:space:]]*flags [owner,persist ]*$/d' "$work/listed" >"$work/toa-nft"
fi
for tool in iptables-legacy ip6tables-legacy iptables ip6tables; do
	"$tool-save" -t mangle 2>/dev/null | sed -n '/^\*mangle/p; /^:toa/p; /^-A toa/p; /^-A PREROUTING.* -j toa$/p; /^COMMIT/p' >"$work/listed"
	! grep -q '^:toa' "$work/listed" || mv "$work/listed" "$work/toa-$tool"
done

for python in python3 /usr/libexec/platform-python python2; do
	! command -v "$python" >/dev/null || break
done
"$python" - "$work" --kinds "$kinds" --trust "$work/trusted" <<'END'
import glob, subprocess, sys
work = sys.argv[1]
probe = {'__name__': 'probe'}
exec(compile(open(work + '/probe').read(), 'toa-probe', 'exec'), probe)
open_tun = probe['open_tun']


# The probe calls it first of all in its namespace.
def open_tun_behind_filter(pairs):
    for rules in glob.glob(work + '/toa-*'):
        tool = rules.split('/toa-')[1]
        subprocess.check_call(['nft', '-f', rules] if tool == 'nft' else [tool + '-restore', '-n', rules])
    return open_tun(pairs)


probe['open_tun'] = open_tun_behind_filter
sys.exit(probe['main'](sys.argv[2:]))
END
