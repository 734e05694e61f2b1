#!/bin/busybox sh
# The whole measurement, without a word from outside: what comes in at a time of its own would make every figure a different one.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec >/dev/ttyS1 2>&1
modprobe tun
ip link set lo up
. /measure
echo done
poweroff -f
