/* SPDX-License-Identifier: MIT */
/* libFuzzer's way into the module's parser: the first byte chooses the kinds, the rest is the list. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "option.h"

static bool occurs(const unsigned char *part, size_t size, const unsigned char *list, size_t len)
{
	for (; len >= size; list++, len--)
		if (!memcmp(part, list, size))
			return true;
	return false;
}

/* What is found must have been sent, and a port must not be made up. */
static void check(const struct toa_option *option, const unsigned char *list, size_t len)
{
	unsigned short_form = option->ipv6 ? 0 : 12;

	if (!occurs(option->addr + short_form, sizeof(option->addr) - short_form, list, len))
		abort();
	if ((option->port[0] || option->port[1]) && !occurs(option->port, sizeof(option->port), list, len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct toa_option option;
	unsigned char *list;
	size_t len = size - 1;

	if (!size)
		return 0;
	/* A copy of exactly the list's size, so that the address sanitizer sees a read beyond it. */
	list = malloc(len);
	if (len)
		memcpy(list, data + 1, len);
	if (toa_parse(list, len, data[0], &option) == TOA_FOUND)
		check(&option, list, len);
	free(list);
	return 0;
}
