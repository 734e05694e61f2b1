#!/bin/sh
# The reader of a test machine is the eBPF programs; the verbs are those of module.sh. A load sets kinds and list at once.
bpf="python3 /usr/local/lib/toa/toa-bpf"
case $1 in
load) echo "$2" | $bpf load 254 ;;
kinds) $bpf trusted >/tmp/trusted && $bpf load "$2" </tmp/trusted ;;
trust) echo "$2" | $bpf load "$($bpf kinds)" ;;
list) exec $bpf load "$($bpf kinds)" ;;
*) exec $bpf "$1" ;;
esac
