/* SPDX-License-Identifier: MIT */
/* Addresses out of networks, and TCP options: those that every client sends, the client's address, and nonsense. */
#include "peer.h"

#include <string.h>
#include <sys/socket.h>

/* splitmix64: the same seed gives the same run. */
uint64_t random_bits(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void address_in(const struct network *net, uint64_t n, uint8_t addr[16])
{
	unsigned bits = net->family == AF_INET ? 32 : 128, last = bits / 8 - 1, i;

	memcpy(addr, net->addr, 16);
	for (i = 0; i < bits - net->plen && i < 64; i++)
		if (n >> i & 1)
			addr[last - i / 8] ^= 1 << i % 8;
}

static void add(struct bytes *options, const void *bytes, unsigned len)
{
	if (len > OPTION_SPACE - options->len)
		len = OPTION_SPACE - options->len;
	memcpy(options->at + options->len, bytes, len);
	options->len += len;
}

void append(struct bytes *options, const struct bytes *more)
{
	add(options, more->at, more->len);
}

/* Kind 28 has a version byte in the port's place and is one byte short of a word. */
void add_toa(struct bytes *options, unsigned kind, int family, const uint8_t *addr, uint16_t port)
{
	unsigned size = family == AF_INET ? 4 : 16;

	if (kind == 28)
		add(options, (uint8_t[]){ 28, 3 + size, 1 }, 3);
	else
		add(options, (uint8_t[]){ kind, 4 + size, port >> 8, port & 0xff }, 4);
	add(options, addr, size);
	if (kind == 28)
		add(options, "\1", 1);
}

/* As Linux orders them; without timestamps only the segment size. 40 bytes with the long option: there is room for no more. */
void add_syn_options(struct bytes *options, bool timestamps)
{
	add(options, "\2\4\5\xb4", 4);
	if (timestamps) {
		add(options, "\4\2\x8\xa\0\0\0\1\0\0\0\0", 12);
		add(options, "\1\3\3\7", 4);
	}
}

void add_timestamp(struct bytes *options, uint32_t echo)
{
	add(options, "\1\1\x8\xa\0\0\0\1", 8);
	add(options, (uint8_t[]){ echo >> 24, echo >> 16 & 0xff, echo >> 8 & 0xff, echo & 0xff }, 4);
}

uint32_t find_timestamp(const struct bytes *options)
{
	const uint8_t *p = options->at, *end = p + options->len;

	while (p < end && *p) {
		if (*p == 8 && p + 10 <= end)
			return (uint32_t)p[2] << 24 | p[3] << 16 | p[4] << 8 | p[5];
		if (*p != 1 && (p + 1 == end || p[1] < 2))
			break;
		p += *p == 1 ? 1 : p[1];
	}
	return 0;
}

/* Bytes that no option list has: lengths of nothing or beyond the end, options cut off, anything. */
static void add_nonsense(struct bytes *options, uint64_t dice, uint8_t kind)
{
	if (dice & 1)
		add(options, (uint8_t[]){ kind, dice >> 32 & 31 }, 2);
	else
		add(options, &dice, 1 + (dice >> 24 & 7));
}

/* The client's address, with some of its bytes changed now and then. */
static void add_nearly(struct bytes *options, uint64_t *state, uint8_t kind, const struct settings *set)
{
	uint64_t dice = random_bits(state);
	int family = dice & 1 ? AF_INET : AF_INET6;
	unsigned start = options->len, i;
	uint8_t addr[16] = { 0x20, 1, 0xd, 0xb8 };

	if (family == set->client.family)
		address_in(&set->client, dice >> 20, addr);
	add_toa(options, kind, family, addr, dice >> 40 & 0xffff);
	for (i = start + 2; dice >> 8 & 1 && i < options->len; i++)
		if (!(random_bits(state) & 7))
			options->at[i] = random_bits(state) & 0xff;
}

/*
 * Several options, sound for the most part: a kernel may drop a segment whose option list is none, and then no connection comes to
 * be. So every eighth list is cut off where it happens, or has nonsense in it.
 */
void add_random(struct bytes *options, uint64_t *state, const struct settings *set)
{
	static const uint8_t kinds[] = { 254, 253, 252, 200, 28 };
	unsigned length = random_bits(state) % 11 * 4;
	bool nonsense = !(random_bits(state) & 7);

	while (options->len < length) {
		uint64_t dice = random_bits(state);
		uint8_t kind = dice >> 8 & 3 ? set->kind : kinds[dice % sizeof(kinds)];
		struct bytes next = { 0, { 0 } };

		if (nonsense && dice >> 16 & 1)
			add_nonsense(&next, random_bits(state), kind);
		else if (dice >> 17 & 3)
			add_nearly(&next, state, kind, set);
		else
			add(&next, "\1\1\1\1", 1 + (dice & 3));
		if (!nonsense && next.len > length - options->len)
			break;
		append(options, &next);
	}
}
