/* SPDX-License-Identifier: GPL-2.0-only */
/* The parser of the eBPF programs under the name of the module's. What is behind the list is poison: it must not be believed. */
#include "../../../../guest/bpf/option.h"

static inline enum toa_verdict toa_parse(const unsigned char *list, unsigned len, unsigned kinds, struct toa_option *out)
{
	unsigned char room[TOA_ROOM];

	if (len > TOA_OPTIONS_MAX)
		abort();
	memset(room, 254, sizeof(room));
	if (len)
		memcpy(room, list, len);
	return toa_read(room, len, kinds, out);
}
