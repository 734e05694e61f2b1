/* SPDX-License-Identifier: MIT */
/* A remote TCP client in user space on a TUN device, and the servers that it talks to. See main.c for the usage. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
enum { OPTION_SPACE = 40 };

struct bytes {
	unsigned len;
	uint8_t at[OPTION_SPACE];
};

/* IPv4 addresses take the first four bytes. */
struct network {
	int family;
	unsigned plen;
	uint8_t addr[16];
};

/* Which packets carry the option; DATA is the client's first data, as senders do until the server answers. */
enum { ON_SYN = 1, ON_ACK = 2, ON_DATA = 4 };

struct settings {
	const char *tun;
	const char *listen;
	struct network own, from, client;
	bool client_set;
	unsigned port, kind, on, threads, retry_ms;
	long count, in_flight, hold, names, rounds;
	bool timestamps, reset, fuzz, expect_any, expect_source, spin;
	uint64_t seed;
	struct bytes raw_syn, raw_ack, raw_data;
};

/* --- wire.c: packets --- */

/* One direction of a connection, as the peer sends. */
struct flow {
	int family;
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
};

struct segment {
	uint32_t seq, ack;
	uint8_t flags;
	struct bytes options;
	const void *data;
	unsigned len;
};

/* A device of that name, up, with the address @own and a route to @from. Ends the program where that fails. */
int tun_open(const char *name, const struct network *own, const struct network *from);
void tun_send(int tun, const struct flow *flow, const struct segment *segment);
/* The next TCP segment, turned round: @flow is the one that an answer takes. False: there is none now. */
bool tun_receive(int tun, struct flow *flow, struct segment *segment, char *buffer, size_t size);

/* --- options.c: what goes into the TCP options --- */

uint64_t random_bits(uint64_t *state);
/* An address of @net; different ones for different @n as far as the network has them. */
void address_in(const struct network *net, uint64_t n, uint8_t addr[16]);
void add_toa(struct bytes *options, unsigned kind, int family, const uint8_t *addr, uint16_t port);
void add_syn_options(struct bytes *options, bool timestamps);
void add_timestamp(struct bytes *options, uint32_t echo);
/* Zero where there is none. */
uint32_t find_timestamp(const struct bytes *options);
void append(struct bytes *options, const struct bytes *more);
void add_random(struct bytes *options, uint64_t *state, const struct settings *set);

/* --- what the program can be told to do --- */

int run_connect(const struct settings *set);
int run_serve(const struct settings *set, char *const command[]);
int run_loopback(const struct settings *set);
int run_cost(const struct settings *set);

/* --- helpers of all of them --- */

_Noreturn void die(const char *what);
uint64_t now_ns(void);
int listener_on(const char *kind, unsigned port);

#endif
