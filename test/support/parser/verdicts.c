/* SPDX-License-Identifier: MIT */
/*
 * What the module's parser says of the lists on standard input, one line each. A list comes as the number of kinds that are looked
 * for and those kinds, then its length and its bytes; each number is one byte.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option.h"

static unsigned read_byte(void)
{
	int byte = getchar();

	if (byte == EOF)
		abort();
	return byte;
}

/* A copy of exactly the list's size, so that the address sanitizer sees a read beyond it. */
static unsigned char *read_list(unsigned len)
{
	unsigned char *list = malloc(len);

	if (len && fread(list, 1, len, stdin) != len)
		abort();
	return list;
}

static void print_found(const struct toa_option *option)
{
	for (unsigned i = 0; i < sizeof(option->addr); i++)
		printf("%02x", option->addr[i]);
	printf(" %u %s\n", option->port[0] << 8 | option->port[1], option->ipv6 ? "long" : "short");
}

int main(void)
{
	int count;

	while ((count = getchar()) != EOF) {
		struct toa_option option;
		unsigned char *list;
		unsigned kinds = 0, len;

		while (count--)
			kinds |= toa_kind_bit(read_byte());
		len = read_byte();
		list = read_list(len);
		switch (toa_parse(list, len, kinds, &option)) {
		case TOA_NONE:
			puts("none");
			break;
		case TOA_MALFORMED:
			puts("malformed");
			break;
		case TOA_FOUND:
			print_found(&option);
			break;
		default:
			abort();
		}
		free(list);
	}
	return 0;
}
