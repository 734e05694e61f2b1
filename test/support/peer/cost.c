/* SPDX-License-Identifier: MIT */
/* What one accepted connection and one getpeername() cost, in nanoseconds of the clock, one after another in one thread. */
#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_storage name;

static void close_with_reset(int fd)
{
	struct linger linger = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

static int accept_one(int listener)
{
	socklen_t len = sizeof(name);
	int fd = accept(listener, (struct sockaddr *)&name, &len);

	if (fd < 0)
		die("accept");
	return fd;
}

/* One connection over the kernel's loopback, opened and closed. */
static int open_loopback(const struct settings *set, int listener, int *client)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(set->port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(set->port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool v4 = set->from.family == AF_INET;

	*client = socket(set->from.family, SOCK_STREAM, 0);
	if (connect(*client, v4 ? (void *)&in : (void *)&in6, v4 ? sizeof(in) : sizeof(in6)))
		die("connect");
	return accept_one(listener);
}

static void await(int tun, struct flow *flow, struct segment *segment)
{
	char buffer[2048];

	for (;;) {
		if (tun_receive(tun, flow, segment, buffer, sizeof(buffer)) && segment->flags & SYN)
			return;
		poll(&(struct pollfd){ .fd = tun, .events = POLLIN }, 1, 1000);
	}
}

/* One connection from the TUN device, its option where it was asked for. */
static int open_remote(const struct settings *set, int listener, int tun, long number)
{
	struct flow flow = { .family = set->from.family, .sport = 2048 + number % 60000, .dport = set->port }, back;
	struct bytes toa = { 0, { 0 } }, none = { 0, { 0 } };
	struct segment syn = { .seq = number * 7919, .flags = SYN }, answer;
	struct segment ack = { .seq = syn.seq + 1, .flags = ACK };
	uint8_t client[16];

	address_in(&set->from, 1, flow.src);
	address_in(&set->client, number + 1, client);
	memcpy(flow.dst, set->own.addr, 16);
	add_toa(&toa, set->kind, set->client.family, client, 4321);
	add_syn_options(&syn.options, false);
	append(&syn.options, set->on & ON_SYN ? &toa : &none);
	tun_send(tun, &flow, &syn);
	await(tun, &back, &answer);
	ack.ack = answer.seq + 1;
	append(&ack.options, set->on & ON_ACK ? &toa : &none);
	tun_send(tun, &flow, &ack);
	return accept_one(listener);
}

/* Nanoseconds a call. */
static double ask(int fd, long times)
{
	uint64_t start = now_ns();

	for (long i = 0; i < times; i++) {
		socklen_t len = sizeof(name);

		if (getpeername(fd, (struct sockaddr *)&name, &len))
			die("getpeername");
	}
	return times ? (double)(now_ns() - start) / times : 0;
}

/* The least of several rounds: whatever else the machine does only adds. */
static int measure(const struct settings *set, const char *what, int tun)
{
	int listener = listener_on(set->listen, set->port), fd, client = -1;
	double connection = 0, peer = 0, cost;
	long number = 0;

	for (long round = 0; round < set->rounds; round++) {
		uint64_t start = now_ns();

		for (long i = 0; i < set->count; i++, number++) {
			fd = tun < 0 ? open_loopback(set, listener, &client) : open_remote(set, listener, tun, number);
			close_with_reset(fd);
			if (tun < 0)
				close(client);
		}
		cost = (double)(now_ns() - start) / set->count;
		connection = round && connection < cost ? connection : cost;
		fd = tun < 0 ? open_loopback(set, listener, &client) : open_remote(set, listener, tun, number++);
		cost = ask(fd, set->names);
		peer = round && peer < cost ? peer : cost;
		close_with_reset(fd);
		if (tun < 0)
			close(client);
	}
	printf("{\"measured\":\"%s\",\"rounds\":%ld,\"count\":%ld,\"connectionNs\":%.1f,\"getpeernameNs\":%.2f}\n", what,
	       set->rounds, set->count, connection, peer);
	return 0;
}

int run_loopback(const struct settings *set)
{
	return measure(set, "loopback", -1);
}

int run_cost(const struct settings *set)
{
	return measure(set, "tun", tun_open(set->tun, &set->own, &set->from));
}
