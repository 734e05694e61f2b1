#!/bin/sh
# SPDX-License-Identifier: MIT
# Takes away what the bake alone needed and, with SEAL=true, what belongs to this one machine. The compiler and the headers stay:
# the reader is rebuilt when a kernel comes. Fails where something could not be taken away.
set -u
[ "$(id -u)" = 0 ] || exec sudo -n env SEAL="$SEAL" sh "$0"

die() {
	echo "seal: $*" >&2
	exit 1
}

{
	apt-get clean && rm -rf /var/lib/apt/lists/*
	dnf clean packages
	yum clean packages
	zypper clean
} >/dev/null 2>&1
rm -rf /var/lib/toa/report /var/lib/toa/work

[ "$SEAL" = true ] || exit 0

# A machine that nothing gives new host keys could not be logged in to.
command -v cloud-init >/dev/null || systemctl list-unit-files 2>/dev/null | grep -q '^sshd-keygen' ||
	die 'nothing here makes ssh host keys at first boot: install cloud-init, or set seal to false'

rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem /var/lib/cloud/seed
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub

# Everybody's who has a home, and whatever lies in /home.
{
	cut -d : -f 6 /etc/passwd
	ls -d /home/*
} 2>/dev/null | sort -u | while read -r home; do
	case $home in
	/?*) ;;
	*) continue ;;
	esac
	rm -f "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2" "$home"/.*_history "$home/.lesshst" "$home/.viminfo"
done

rm -rf /var/log/journal/* /tmp/* /var/tmp/* /var/lib/systemd/random-seed
rm -f /etc/udev/rules.d/70-persistent-net.rules /var/lib/dhcp/*.leases /var/lib/dhclient/* /var/lib/NetworkManager/*.lease /var/lib/NetworkManager/secret_key
find /var/log -type f \( -name '*.gz' -o -name '*.[0-9]' -o -name '*-20[0-9]*' \) -exec rm -f {} +
find /var/log -type f -exec truncate -s 0 {} +

[ -L /var/lib/dbus/machine-id ] || rm -f /var/lib/dbus/machine-id
: >/etc/machine-id

[ ! -s /etc/machine-id ] || die '/etc/machine-id is still set'
left=$(ls -d /etc/ssh/ssh_host_*_key /var/lib/cloud/instances/* /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys 2>/dev/null)
[ -z "$left" ] || die "still there: $left"
fstrim / 2>/dev/null
sync
