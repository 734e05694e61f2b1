# shellcheck shell=sh disable=SC2015 # die does not return
# SPDX-License-Identifier: MIT
# Part of toa-setup: `trust add|remove NETWORK...`, `replace FILE|-`, `list`, and `seen`: who sent the option without being believed.
# Sourced. A method's part answers trust_now (believe the list as it stands) and trust_seen, and may know more about bad_network.

# The probe reads a list as strictly as the module; told of no kind it does nothing else.
bad_network() { probe 0 "$1" 2>&1 | sed -n 's/.*not a network: //p'; }

trust() {
	shift
	case ${1-} in
	list) trusted ;;
	seen) trust_seen ;;
	add | remove | replace) begin && trust_change "$@" ;;
	*) say 'trust add|remove NETWORK..., replace FILE|-, list, seen' && exit 2 ;;
	esac
}

trust_change() {
	draft=$STATE/trusted
	how=$1
	shift
	case $how in
	replace) cat "$@" ;;
	add) cat "$LIST" && printf '%s\n' "$@" ;;
	remove) printf '%s\n' "$@" | grep -vxFf - "$LIST" ;;
	esac >"$draft" || die 1 'there is no such list, or nobody would be left on it'
	bad=$(grep -nvxE '([0-9a-fA-F:.]+(/[0-9]+)?|any)?[[:space:]]*(#.*)?' "$draft" || bad_network "$draft")
	[ -z "$bad" ] && grep -q '^[^#]' "$draft" || die 1 "not a list of networks: $bad"
	cp "$LIST" "$draft.old" && write "$LIST" 644 <"$draft" && trust_now && return
	refused=$(why)
	write "$LIST" 644 <"$draft.old" && trust_now
	die 1 "the list was not taken: $refused"
}
