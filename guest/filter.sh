# shellcheck shell=sh disable=SC2015,SC2016,SC2034 # die does not return; awk's dollars are its own; toa-setup reads what is set here
# SPDX-License-Identifier: MIT
# Part of toa-setup: packet-filter rules that take the option from everybody outside the trusted networks, for readers that have no
# list of whom to believe. Sourced by their parts, which call filter_on before the reader is loaded and filter_off after it is gone.
#
# The rules are in the hook prerouting, before conntrack: what is forwarded to a container passes them too. By nft they stand in a
# table `inet toa` that belongs to a process (nft -i, which waits on a pipe): whoever flushes the ruleset leaves it alone, and where
# the kernel knows `persist` it outlives its process. Where nft and kernel cannot take an option away, or know no owner, it is the
# chain toa of iptables' table mangle; what a reload of the user's firewall takes away is then put back at once.

read_env UNTRUSTED
FILTER=$STATE/filter
PROBE=$LIB/filter-probe

# What to try, in this order: nft with these flags of the table, then iptables by these names.
MODES='nft: iptables-legacy iptables'
case ${TOA_FILTER-} in
# The probe has a network namespace of its own, which is soon gone.
probe) FILTER=$FILTER.probe ;;
*) MODES="nft:owner,persist nft:owner $MODES" ;;
esac

believed() { echo "$(trusted | grep -c .) network(s); a packet filter has the option of all others ${TOA_UNTRUSTED%p}ped"; }

filter_tools() {
	has nft || has iptables || packages_install nftables ||
		die 11 "$TOA_PACKAGE_MANAGER could not install nftables: $(why)" "see $LOG"
}

# --- the list ---

# The first line that is no network, with its number: as strict as our own module. IPv4 in IPv6's dress is written as IPv4.
bad_network() {
	awk '
	function v4(a,  o, i) {
		if (split(a, o, ".") != 4) return 1
		for (i = 1; i <= 4; i++) {
			if (o[i] !~ /^[0-9]+$/ || o[i] > 255 || length(o[i]) > 3) return 1
			v[i] = o[i] + 0
		}
		return host(4, 8)
	}
	function v6(a,  half, n, i, j, k, g) {
		n = split(a, half, "::")
		if (n > 2 || a ~ /:::/ || a !~ /:/) return 1
		for (i = 1; i <= 8; i++) v[i] = 0
		i = half[1] == "" ? 0 : split(half[1], g, ":")
		for (k = 1; k <= i; k++) v[k] = g[k]
		j = n < 2 || half[2] == "" ? 0 : split(half[2], g, ":")
		for (k = 1; k <= j; k++) v[8 - j + k] = g[k]
		if (n < 2 ? i != 8 : i + j > 7) return 1
		for (k = 1; k <= 8; k++) {
			if (v[k] !~ /^[0-9a-fA-F]+$/ || length(v[k]) > 4) return 1
			for (n = 0; v[k] != ""; v[k] = substr(v[k], 2))
				n = n * 16 + index("0123456789abcdef", tolower(substr(v[k], 1, 1))) - 1
			v[k] = n
		}
		return host(8, 16)
	}
	function host(n, size,  i, free, unit) {
		for (i = 1; i <= n; i++) {
			free = size * i - bits
			if (free > size) free = size
			for (unit = 1; free > 0; free--) unit *= 2
			if (v[i] % unit) return 1
		}
	}
	{
		line = $0
		sub(/#.*/, "")
		if (!NF) next
		six = $1 ~ /:/
		bits = six ? 128 : 32
		if (n = index($1, "/")) {
			text = substr($1, n + 1)
			if (text !~ /^[0-9]+$/ || text + 0 > bits || length(text) > 3) n = -1
			bits = text + 0
			$1 = substr($1, 1, n - 1)
		}
		if (n < 0 || NF > 1 || (six ? v6($1) : v4($1))) { print "line " NR ": " line; exit }
	}' "$1"
}

trust_now() { filter_on; }

# As nft and xt_recent list them: address, and how many segments carried the option where that is known.
trust_seen() {
	case $(mode) in
	nft:*)
		for f in 4 6; do
			nft list set inet toa seen$f | sed 's|elements = {||' | tr , '\n' | sed -n 's/^[[:space:]]*\([0-9a-f.:]\{3,\}\) .*packets \([0-9]*\) .*/\1 \2/p'
		done
		;;
	*) sed -n 's/^src=\([^ ]*\) .*/\1/p' /proc/net/xt_recent/toa[46] 2>/dev/null ;;
	esac
}

# Whom the rules know, what they look for, and how they do it: rules with another mark are not ours of today.
mark() { { echo "$TOA_KINDS $TOA_UNTRUSTED" && trusted && cat "$LIB/filter.sh"; } | hash | cut -c -16; }

of_family() {
	case $1 in
	4) trusted | grep -v : ;;
	6) trusted | grep : ;;
	esac
}

# --- nft ---

nft_rules() {
	flags=${1:+flags $1;}
	# A transaction: the table of before, if there is one, is ours until it is gone.
	cat <<END
table inet toa { $flags }
delete table inet toa
table inet toa {
$flags
END
	for f in 4 6; do
		elements=$(of_family $f | paste -sd , -)
		echo "set trusted$f { type ipv${f}_addr; flags interval; auto-merge; ${elements:+elements = { $elements \} ;} }"
		echo "set seen$f { type ipv${f}_addr; size 1024; flags dynamic,timeout; timeout 1d; }"
	done
	nft_chains
	echo '}'
}

# A reassembled packet passes no hook again: no later piece may reach into what a TCP header can take up, nor may IPv6 have headers of
# its own between the pieces' and TCP's.
nft_chains() {
	cat <<END
chain prerouting {
type filter hook prerouting priority -310; policy accept;
ip protocol tcp ip frag-off & 0x1fff 1-7 jump piece comment "$(mark)"
frag nexthdr tcp frag frag-off 1-7 jump piece
frag nexthdr { 0, 43, 44, 60 } jump piece
$(each_kind 'tcp option K exists jump other')
}
chain piece {
ip saddr @trusted4 return
ip6 saddr @trusted6 return
drop
}
chain other {
ip saddr @trusted4 return
ip6 saddr @trusted6 return
update @seen4 { ip saddr counter }
update @seen6 { ip6 saddr counter }
$(nft_verdict)
}
END
}

# reset takes the first of a kind only. Five fill all the room; what is still there then is no sender's.
nft_verdict() {
	if [ "$TOA_UNTRUSTED" = drop ]; then
		echo drop
	else
		# shellcheck disable=SC2034
		for time in 1 2 3 4 5; do
			each_kind 'reset tcp option K'
		done
		each_kind 'tcp option K exists drop'
	fi
}

each_kind() {
	for kind in $(echo "$TOA_KINDS" | tr , ' '); do
		echo "$1" | sed "s/K/$kind/"
	done
}

nft_on() {
	nft_rules "$1" >"$FILTER/rules" || return
	if [ -z "$1" ]; then
		tried nft -f "$FILTER/rules"
	elif lives holder; then
		tell_holder
	else
		tried nft -c -f "$FILTER/rules" && own_table && tell_holder || { end holder && return 1; }
	fi
}

nft_is_on() { nft list chain inet toa prerouting 2>/dev/null | grep -q "$(mark)" && { [ -z "$1" ] || lives holder; }; }

nft_off() {
	nft_rules "$1" | sed 2q >"$FILTER/rules"
	nft -f "$FILTER/rules" || nft delete table inet toa
} 2>/dev/null

# The table's owner. It writes a history of what it was told to its home.
own_table() {
	new_pipe || return
	here=$PWD
	# Before it is there: by its folder it is known to live.
	cd "$FILTER" || return
	(trap '' HUP && HOME=$FILTER exec nft -i <>pipe >held 2>&1 8>&- 9>&-) &
	echo $! >holder
	cd "$here" || :
}

tell_holder() {
	: >"$FILTER/held"
	echo "include \"$FILTER/rules\"" >"$FILTER/pipe"
	left=100
	while lives holder && [ $((left -= 1)) != 0 ]; do
		! nft_is_on owner || return 0
		! grep -iq error "$FILTER/held" || break
		sleep 0.3 2>/dev/null || sleep 1
	done
	cat "$FILTER/held" >"$FILTER/out"
	return 1
}

# --- iptables ---

# Their options come last: none before 1.6.2 knows --wait for restore.
xt_families() {
	echo "$1"
	[ ! -e "$R/proc/net/if_inet6" ] || echo "ip6${1#ip}"
}

# -n leaves the user's rules of the table alone; a chain that is named is emptied first. One table is one transaction.
xt_rules() {
	case $1 in
	ip6*) set -- 6 '-m frag --fragfirst --fragmore' "$2" ;;
	*) set -- 4 -f "$2" ;;
	esac
	cat <<END
*mangle
:toa - [0:0]
:toa-other - [0:0]
-A toa -p tcp $2 -m comment --comment "$(mark)" -j toa-other
$(each_kind '-A toa -p tcp --tcp-option K -j toa-other')
$(of_family "$1" | sed 's/.*/-A toa-other -s & -j RETURN/')
-A toa-other -p tcp $2 -j DROP
${3:+-A toa-other -m recent --name toa$1 --set}
$(xt_verdict)
$JUMP
COMMIT
END
}

xt_verdict() {
	[ "$TOA_UNTRUSTED" = drop ] || echo "-A toa-other -p tcp -j TCPOPTSTRIP --strip-options $TOA_KINDS"
	each_kind '-A toa-other -p tcp --tcp-option K -j DROP'
}

# Without `recent` nothing but `trust seen` is lost.
xt_on() {
	for t in $(xt_families "$1"); do
		has "$t-restore" || return
		JUMP='-I PREROUTING -p tcp -j toa'
		! "$t" -t mangle -C PREROUTING -p tcp -j toa 2>/dev/null || JUMP=
		xt_rules "$t" seen >"$FILTER/rules"
		tried "$t-restore" -n "$FILTER/rules" || {
			xt_rules "$t" '' >"$FILTER/rules"
			tried "$t-restore" -n "$FILTER/rules"
		} || return
	done
}

xt_is_on() {
	for t in $(xt_families "$1"); do
		"$t" -t mangle -S toa | grep -q "$(mark)" && "$t" -t mangle -C PREROUTING -p tcp -j toa || return
	done
} 2>/dev/null

xt_off() {
	for t in "$1" "ip6${1#ip}"; do
		"$t" -t mangle -D PREROUTING -p tcp -j toa
		for chain in toa toa-other; do
			"$t" -t mangle -F $chain
		done
		"$t" -t mangle -X toa
		"$t" -t mangle -X toa-other
	done
} 2>/dev/null

# --- either ---

tried() { "$@" >"$FILTER/out" 2>&1 </dev/null 8>&- 9>&-; }

# in_mode VERB MODE
in_mode() {
	case $2 in
	nft:*) has nft && "nft_$1" "${2#nft:}" ;;
	?*) has "$2" && "xt_$1" "$2" ;;
	*) false ;;
	esac
}

mode() { cat "$FILTER/mode" 2>/dev/null; }

# lives NAME: the process that stays under that number. Another that got the number is not in this folder.
lives() { [ "$(readlink "/proc/$(cat "$FILTER/$1")/cwd")" = "$FILTER" ]; } 2>/dev/null
end() {
	while lives "$1"; do
		kill "$(cat "$FILTER/$1")"
		sleep 0.1 || sleep 1
	done
} 2>/dev/null

new_pipe() { rm -f "$FILTER/pipe" && mkfifo -m 600 "$FILTER/pipe"; }

# Where the rules have no owner: what is flushed is back as soon as nft tells of it.
put_back() {
	has nft && ! lives monitor && new_pipe || return 0
	(cd "$FILTER" && trap '' HUP && exec nft monitor 1<>pipe 2>/dev/null 8>&- 9>&-) &
	echo $! >"$FILTER/monitor"
	(cd "$FILTER" && trap '' HUP && while read -r _; do
		filter_is_on || (TOA_FILTER=put-back filter)
	done) <"$FILTER/pipe" >/dev/null 2>&1 8>&- 9>&- &
}

filter_is_on() { in_mode is_on "$(mode)"; }

# In the unit's control group, whoever asks: its processes are to stay.
filter_on() {
	! filter_is_on || return 0
	if [ -z "${TOA_FILTER-}" ] && [ -d "$R/run/systemd/system" ]; then
		systemctl reload-or-restart toa-filter.service
	else
		# Whoever asks wants to clean up after a failure, and to tell it.
		(RECORD='' && filter)
	fi && filter_is_on && return
	cp "$FILTER/out" "$STATE/out"
	return 1
}

filter_off() {
	units stop toa-filter.service
	rm -f "$FILTER/pipe"
	end holder
	end monitor
	[ ! -d "$FILTER" ] || lock_filter
	in_mode off "$(mode)"
	rm -rf "$FILTER"
}

# Its own lock: who waits for toa-filter.service may hold the other one.
lock_filter() { exec 8>>"$FILTER/lock" && { ! has flock || flock 8; }; }

filter() {
	mkdir -p "$FILTER" && chmod 700 "$FILTER" && lock_filter || die 13 "could not write $FILTER"
	# Whoever puts back what was taken away must not do so when it was we who took it.
	[ "${TOA_FILTER-}" != put-back ] || [ -e "$FILTER/pipe" ] || return 0
	bad=$(bad_network "$LIST")
	[ -z "$bad" ] || fail_filter "error: $LIST is no list of networks: $bad"
	! filter_is_on || return 0
	before=$(mode)
	for new in $MODES; do
		! in_mode on "$new" || break
		new=
	done
	[ -n "$new" ] || fail_filter "error: no nft or iptables here takes the rules: $(tail -n 3 "$FILTER/out" | paste -sd ' ' -)"
	echo "$new" >"$FILTER/mode"
	# Of nft there is one table, whoever owns it.
	case ${before%%:*} in
	'' | "${new%%:*}") ;;
	*) in_mode off "$before" ;;
	esac
	case ${TOA_FILTER-}:$new in
	probe:* | *:nft:owner*) ;;
	*) put_back ;;
	esac
}

fail_filter() {
	echo "$1" >"$FILTER/out"
	die 14 "$1"
}
