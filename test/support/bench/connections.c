/* SPDX-License-Identifier: MIT */
/* Opens and closes connections so that nothing of them stays in the kernel's tables: no TIME_WAIT at either end. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t OWN[] = { 198, 18, 0, 1 }, CLIENT[] = { 203, 0, 113, 9 };

/* The bench's module believes this network. */
static const struct network SENDERS = { AF_INET, 24, { 198, 51, 100, 0 } };

static int tun, listener;
static unsigned long opened;

int listen_on(unsigned port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 1024))
		die("listen");
	return fd;
}

static int accept_one(int fd)
{
	int server = accept(fd, NULL, NULL);

	if (server < 0)
		die("accept");
	return server;
}

struct connection open_loopback(int fd, unsigned port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct connection c = { .client = socket(AF_INET, SOCK_STREAM, 0) };

	if (connect(c.client, (struct sockaddr *)&addr, sizeof(addr)))
		die("connect");
	c.server = accept_one(fd);
	return c;
}

void close_loopback(const struct connection *c)
{
	struct linger reset = { 1, 0 };

	close(c->server);
	setsockopt(c->client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(c->client);
}

void start_remote(void)
{
	struct network own = { AF_INET, 32, { 0 } };

	memcpy(own.addr, OWN, sizeof(OWN));
	tun = tun_open("tun0", &own, &SENDERS);
	listener = listen_on(REMOTE_PORT);
}

/* What the server has sent with @flags; it answers at once, within our own write to the device. */
static struct segment answer(uint8_t flags)
{
	static char buffer[2048];
	struct segment segment;
	struct flow back;

	while (tun_receive(tun, &back, &segment, buffer, sizeof(buffer)))
		if ((segment.flags & flags) == flags)
			return segment;
	die("no answer");
}

static void send_segment(const struct connection *c, uint8_t flags, bool toa)
{
	struct segment segment = { .seq = c->seq, .ack = c->ack, .flags = flags };

	if (flags & SYN)
		add_syn_options(&segment.options, true);
	else
		add_timestamp(&segment.options, c->echo);
	if (toa)
		add_toa(&segment.options, 254, AF_INET, CLIENT, 4321);
	tun_send(tun, &c->flow, &segment);
}

struct connection open_remote(unsigned on)
{
	struct connection c = { .flow = { .family = AF_INET, .dport = REMOTE_PORT }, .seq = opened * 7919 };
	struct segment syn_ack;

	c.flow.sport = 1024 + opened % 64000;
	address_in(&SENDERS, 1 + opened / 64000, c.flow.src);
	memcpy(c.flow.dst, OWN, sizeof(OWN));
	opened++;
	send_segment(&c, SYN, on & ON_SYN);
	syn_ack = answer(SYN | ACK);
	c.seq++;
	c.ack = syn_ack.seq + 1;
	c.echo = find_timestamp(&syn_ack.options);
	send_segment(&c, ACK, on & ON_ACK);
	c.server = accept_one(listener);
	return c;
}

/* The client ends first, as most do. */
void close_remote(struct connection *c)
{
	send_segment(c, FIN | ACK, false);
	c->seq++;
	close(c->server);
	c->ack = answer(FIN).seq + 1;
	send_segment(c, ACK, false);
}
