#!/bin/sh
# metadata.sh ROOT: answers one HTTP request on standard input and output with what is below ROOT.
# A directory is shown as cloud metadata services show it: one name a line, a slash after those that have names below.

set -u
export LC_ALL=C
root=$1
cr=$(printf '\r')

answer() { # STATUS FILE
	printf 'HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %s\r\nConnection: close\r\n\r\n' "$1" "$(wc -c <"$2")"
	cat "$2"
}

list() { # DIRECTORY
	for entry in "$1"/*; do
		if [ -d "$entry" ]; then echo "${entry##*/}/"; else echo "${entry##*/}"; fi
	done
}

read -r method target _ || exit 1
while read -r header && [ "$header" != "$cr" ]; do :; done

path=$root/${target%%\?*}
case $method$target in
GET*..*) answer '400 Bad Request' /dev/null ;;
GET*)
	if [ -d "$path" ]; then
		listing=$(mktemp) || exit 1
		list "${path%/}" >"$listing"
		answer '200 OK' "$listing"
		rm -f "$listing"
	elif [ -f "$path" ]; then
		answer '200 OK' "$path"
	else
		answer '404 Not Found' /dev/null
	fi
	;;
*) answer '405 Method Not Allowed' /dev/null ;;
esac
