/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parser of the TCP option that carries a client's address. Everything it
 * reads was chosen by a stranger, so it is pure C without kernel calls and can
 * be compiled in user space and fuzzed. Who includes it brings bool, memcmp()
 * and memcpy(): <stdbool.h> and <string.h> in user space.
 */

/* The option numbers that senders are known to use; bit i of a mask of kinds stands for entry i. */
static const unsigned char toa_kinds[] = { 254, 253, 252, 200, 28 };

struct toa_option {
	unsigned char addr[16];	/* IPv4 as ::ffff:a.b.c.d */
	unsigned char port[2];	/* as on the wire; 0: the option has none */
	bool ipv6;		/* the long form, whatever the address is */
};

enum toa_verdict { TOA_NONE, TOA_FOUND, TOA_MALFORMED };

static unsigned int toa_kind_bit(unsigned int kind)
{
	unsigned int i;

	for (i = 0; i < sizeof(toa_kinds); i++)
		if (toa_kinds[i] == kind)
			return 1u << i;
	return 0;
}

/* No client can have these: unspecified, loopback, multicast and, for IPv4, broadcast. */
static bool toa_usable(const unsigned char *addr)
{
	static const unsigned char zero[16], any4[16] = { [10] = 255, 255 };

	if (memcmp(addr, any4, 12))
		return addr[0] != 255 && (memcmp(addr, zero, 15) || addr[15] > 1);
	return memcmp(addr, any4, 16) && addr[12] != 127 && addr[12] >> 4 != 14 &&
	       memcmp(addr + 12, "\377\377\377\377", 4);
}

/* One option of a kind that is ours, with its kind and length bytes, at @p; @len bytes are left. */
static enum toa_verdict toa_decode(const unsigned char *p, unsigned int len,
				   struct toa_option *out)
{
	/* Kind 28 has a version byte where the others have a port. */
	bool versioned = p[0] == 28;
	unsigned int size = len < 2 || p[1] > len ? 0 : p[1];
	unsigned int head = versioned ? 3 : 4;

	*out = (struct toa_option){ .addr = { [10] = 255, 255 }, .ipv6 = size == head + 16 };
	if (size != head + 4 && !out->ipv6)
		return TOA_MALFORMED;
	memcpy(out->addr + 16 - (size - head), p + head, size - head);
	if (!versioned)
		memcpy(out->port, p + 2, 2);
	if (versioned ? p[2] != 1 : !(p[2] | p[3]))
		return TOA_MALFORMED;
	return toa_usable(out->addr) ? TOA_FOUND : TOA_MALFORMED;
}

/*
 * Where the first option of one of @kinds begins in the @len bytes of TCP
 * options at @p; @len or more: there is none. What follows it is not looked at.
 */
static unsigned int toa_find(const unsigned char *p, unsigned int len, unsigned int kinds)
{
	unsigned int i = 0;

	while (i < len && p[i]) {
		/* What every connection carries is below 28. */
		if (p[i] >= 28 && kinds & toa_kind_bit(p[i]))
			return i;
		if (p[i] == 1)
			i++;
		else if (i + 1 < len && p[i + 1] >= 2)
			i += p[i + 1];
		else
			break;
	}
	return len;
}

/* Reads the first option of one of @kinds. @out is only valid with TOA_FOUND. */
static inline enum toa_verdict toa_parse(const unsigned char *p, unsigned int len,
				  unsigned int kinds, struct toa_option *out)
{
	unsigned int i = toa_find(p, len, kinds);

	return i < len ? toa_decode(p + i, len - i, out) : TOA_NONE;
}
