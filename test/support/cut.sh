#!/bin/sh
# Stands before a program of the machine, under its name. Where this is the call that /run/cut/at describes (WHEN PATTERN), the
# power is about to be cut: nothing goes on after it.
name=${0##*/}
call="$name $*"
PATH=${PATH#/run/cut/bin:}
read -r when pattern </run/cut/at
# shellcheck disable=SC2254 # the pattern is meant as one
case $call in
$pattern) ;;
*) exec "$name" "$@" ;;
esac
case $when in
during)
	"$name" "$@" &
	sleep 0.3
	;;
after) "$name" "$@" ;;
esac
[ ! -e /run/cut/sync ] || sync
: >/run/cut/now
exec sleep 600
