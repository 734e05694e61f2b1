/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parser of ../module/option.h, said so that the verifier of Linux 5.10 can follow it: no byte is read at a place that
 * depends on another byte. Both answer the same to every input (test/tools/parser.test.ts). Compiles in user space, too.
 */

struct toa_option {
	unsigned char addr[16];	/* IPv4 as ::ffff:a.b.c.d */
	unsigned char port[2];	/* as on the wire; 0: the option has none */
	unsigned char ipv6;	/* the long form, whatever the address is */
	unsigned char unused;
} __attribute__((aligned(4)));

enum toa_verdict { TOA_NONE, TOA_FOUND, TOA_MALFORMED };

#define TOA_OPTIONS_MAX 40	/* bytes of options in a TCP header */
#define TOA_LONGEST 20		/* of ours */
#define TOA_ROOM (TOA_OPTIONS_MAX + TOA_LONGEST)

/* Hides from the compiler what it knows of a value. */
#define TOA_OPAQUE(value) __asm__ volatile("" : "+r"(value))

/* 1 or 0 for numbers of few bits, without a branch: each would be two ways that the verifier has to go. */
#define TOA_EQUAL(a, b) ((((a) ^ (b)) - 1) >> 63)

/* Bit i of a mask of kinds; the order is the module's. */
static inline unsigned int toa_kind_bit(unsigned int kind)
{
	unsigned long long k = kind;

	TOA_OPAQUE(k);
	return TOA_EQUAL(k, 254) | TOA_EQUAL(k, 253) << 1 | TOA_EQUAL(k, 252) << 2 | TOA_EQUAL(k, 200) << 3 |
	       TOA_EQUAL(k, 28) << 4;
}

/* No client can have these: unspecified, loopback, multicast and, for IPv4, broadcast. */
static inline bool toa_usable(const unsigned char *a)
{
	unsigned int first = a[0] | a[1] | a[2] | a[3] | a[4] | a[5] | a[6] | a[7] | a[8] | a[9];
	unsigned int last = a[12] | a[13] | a[14];

	if (!first && a[10] == 255 && a[11] == 255)
		return (last | a[15]) && a[12] != 127 && a[12] >> 4 != 14 &&
		       (a[12] & a[13] & a[14] & a[15]) != 255;
	return a[0] != 255 && (first | a[10] | a[11] | last || a[15] > 1);
}

/* One option of a kind that is ours at @p, which has TOA_LONGEST bytes; the first @left of them are the packet's. */
static inline enum toa_verdict toa_decode(const unsigned char *p, unsigned int left, struct toa_option *out)
{
	/* Kind 28 has a version byte where the others have a port. */
	bool versioned = p[0] == 28;
	unsigned int size = left < 2 || p[1] > left ? 0 : p[1];

	*out = (struct toa_option){ .addr = { [10] = 255, 255 } };
	if (versioned && size == 7) {
		__builtin_memcpy(out->addr + 12, p + 3, 4);
	} else if (versioned && size == 19) {
		__builtin_memcpy(out->addr, p + 3, 16);
		out->ipv6 = 1;
	} else if (!versioned && size == 8) {
		__builtin_memcpy(out->addr + 12, p + 4, 4);
	} else if (!versioned && size == 20) {
		__builtin_memcpy(out->addr, p + 4, 16);
		out->ipv6 = 1;
	} else {
		return TOA_MALFORMED;
	}
	if (versioned ? p[2] != 1 : !(p[2] | p[3]))
		return TOA_MALFORMED;
	if (!versioned) {
		out->port[0] = p[2];
		out->port[1] = p[3];
	}
	return toa_usable(out->addr) ? TOA_FOUND : TOA_MALFORMED;
}

/*
 * Reads the first option of one of @kinds in the @len bytes of TCP options at @p, which has TOA_ROOM bytes: what is behind
 * @len is looked at and not believed. @out is only valid with TOA_FOUND.
 *
 * The loop goes through all bytes and counts down those that belong to the option before. The verifier follows it in few
 * steps because it need not know that number, save at its beginning: there it is made anew. What is found is copied to one
 * place, so that the verifier sees the rest once.
 */
static inline enum toa_verdict toa_read(const unsigned char *p, unsigned int len, unsigned int kinds,
					struct toa_option *out)
{
	unsigned char found[TOA_LONGEST];
	const unsigned char *at;
	unsigned int i, skip = 0;

	for (i = 0; i < TOA_OPTIONS_MAX && i < len; i++) {
		at = p + i;
		TOA_OPAQUE(at);
		if (skip) {
			skip--;
			continue;
		}
		TOA_OPAQUE(skip);
		/* What every connection carries is below 28. */
		if (at[0] >= 28 && kinds & toa_kind_bit(at[0])) {
			__builtin_memcpy(found, at, TOA_LONGEST);
			return toa_decode(found, len - i, out);
		}
		skip = 0;
		TOA_OPAQUE(skip);
		if (at[0] == 1)
			continue;
		if (!at[0] || i + 1 >= len || at[1] < 2)
			break;
		skip = at[1] - 1;
	}
	return TOA_NONE;
}
