/* SPDX-License-Identifier: MIT */
/* Connections for measurements, one after another, in one process that plays both ends. See cost.c for the usage. */
#ifndef BENCH_H
#define BENCH_H

#include "../peer/peer.h"

enum { LOOPBACK_PORT = 81, REMOTE_PORT = 80 };

struct connection {
	int server;
	/* Over loopback. */
	int client;
	/* From the TUN device. */
	struct flow flow;
	uint32_t seq, ack, echo;
};

int listen_on(unsigned port);

struct connection open_loopback(int listener, unsigned port);
void close_loopback(const struct connection *c);

/* A device and a listener for connections from addresses that are not this machine's. */
void start_remote(void);
/* @on: ON_SYN, ON_ACK, or 0 for a connection without the option. */
struct connection open_remote(unsigned on);
void close_remote(struct connection *c);

#endif
