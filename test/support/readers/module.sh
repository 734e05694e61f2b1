#!/bin/sh
# The reader of a test machine is the module. What every reader answers: load TRUSTED, unload, kinds LIST, trust LIST, list
# (from standard input), trusted, untrusted, stats.
parameters=/sys/module/toa/parameters
case $1 in
load) exec insmod /toa.ko "trusted=$2" ;;
unload) exec rmmod toa ;;
kinds) echo "$2" >$parameters/kinds ;;
trust) echo "$2" >$parameters/trusted ;;
list) exec dd of=/proc/net/toa_trusted obs=1M ;;
*) exec cat "/proc/net/toa_$1" ;;
esac
