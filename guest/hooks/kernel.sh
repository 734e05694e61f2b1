#!/bin/sh
# SPDX-License-Identifier: MIT
# Run by the package manager when a kernel or its headers come or go: /etc/kernel/*.d (KERNEL IMAGE), and kernel-install (add | remove
# KERNEL ...). remove and prerm come before a kernel's files are gone. Whatever comes of it, the package manager goes on.
gone=
case $0:$1 in
*/prerm.d/*) gone=$1 ;;
*.install:remove) gone=$2 ;;
esac
/usr/local/sbin/toa-setup update "$gone" >&2 || :
