# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Part of toa-setup, in place of filter.sh: the plan lets a reader believe everybody that cannot do otherwise. Sourced by its part.

believed() { echo 'everybody: it has no list of whom to trust'; }
filter_tools() { :; }
filter_on() { :; }
filter_off() { :; }
trust_now() { echo 'error: the plan says trust: any, so there is no packet filter to tell' >"$STATE/out" && false; }
trust_seen() { die 1 'everybody is believed'; }
