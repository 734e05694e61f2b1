/* SPDX-License-Identifier: MIT */
/* Many connections, several in flight; each says in its data whom the server ought to see. */
#include "peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TRIES = 20, FUZZ_TRIES = 3, FIRST_PORT = 2048, PORTS = 60000 };

enum state { FREE, SYN_SENT, DATA_SENT, HELD, FIN_SENT };

struct connection {
	enum state state;
	unsigned tries;
	uint64_t sent_at;
	struct flow flow;
	uint32_t seq, ack, echo;
	struct bytes on_syn, on_ack, on_data;
	char text[80];
};

static const struct settings *set;
static int tun;
static uint64_t random_state;
static struct connection *connections;
static long begun, answered, failed, wrong, held, in_use;

static void send_segment(struct connection *c, uint8_t flags, const struct bytes *more, const char *data)
{
	struct segment segment = { c->seq, c->ack, flags, { 0, { 0 } }, data, data ? strlen(data) : 0 };

	if (flags & SYN)
		add_syn_options(&segment.options, set->timestamps);
	else if (set->timestamps)
		add_timestamp(&segment.options, c->echo);
	if (more)
		append(&segment.options, more);
	tun_send(tun, &c->flow, &segment);
}

static void send_state(struct connection *c)
{
	c->sent_at = now_ns();
	if (c->state == SYN_SENT)
		send_segment(c, SYN, &c->on_syn, NULL);
	if (c->state == DATA_SENT) {
		send_segment(c, ACK, &c->on_ack, NULL);
		send_segment(c, ACK | PSH, &c->on_data, c->text);
	}
	if (c->state == FIN_SENT)
		send_segment(c, FIN | ACK, NULL, NULL);
}

static void enter(struct connection *c, enum state state)
{
	c->state = state;
	c->tries = 0;
	send_state(c);
}

/* Whom the server ought to see: the client of the option, or where the packets come from. */
static void set_text(struct connection *c, const uint8_t *client, uint16_t port)
{
	bool source = set->expect_source || !set->on;
	char addr[INET6_ADDRSTRLEN];

	if (set->expect_any) {
		strcpy(c->text, "any 0\n");
		return;
	}
	inet_ntop(source ? c->flow.family : set->client.family, source ? c->flow.src : client, addr, sizeof(addr));
	snprintf(c->text, sizeof(c->text), "%s %u\n", addr, source || set->kind == 28 ? c->flow.sport : port);
}

static void begin(struct connection *c, long slot, long number)
{
	uint16_t port = 1 + number * 7919 % 65535;
	struct bytes toa = { 0, { 0 } };
	uint8_t client[16];

	*c = (struct connection){ .seq = random_bits(&random_state), .flow = { .family = set->from.family } };
	address_in(&set->from, random_bits(&random_state), c->flow.src);
	memcpy(c->flow.dst, set->own.addr, 16);
	c->flow.sport = FIRST_PORT + slot + number / set->in_flight % (PORTS / set->in_flight) * set->in_flight;
	c->flow.dport = set->port;
	address_in(&set->client, number + 1, client);
	add_toa(&toa, set->kind, set->client.family, client, port);
	set_text(c, client, port);
	if (set->fuzz) {
		add_random(&c->on_syn, &random_state, set);
		add_random(&c->on_ack, &random_state, set);
		add_random(&c->on_data, &random_state, set);
	}
	if (set->on & ON_SYN)
		append(&c->on_syn, &toa);
	if (set->on & ON_ACK)
		append(&c->on_ack, &toa);
	if (set->on & ON_DATA)
		append(&c->on_data, &toa);
	append(&c->on_syn, &set->raw_syn);
	append(&c->on_ack, &set->raw_ack);
	append(&c->on_data, &set->raw_data);
	in_use++;
	enter(c, SYN_SENT);
}

static void end(struct connection *c)
{
	c->state = FREE;
	in_use--;
}

static void give_up(struct connection *c)
{
	failed++;
	send_segment(c, RST | ACK, NULL, NULL);
	end(c);
}

static void on_answer(struct connection *c, const struct segment *segment)
{
	c->seq += strlen(c->text);
	c->ack += segment->len;
	answered++;
	wrong += *(const char *)segment->data != '+';
	if (held < set->hold) {
		held++;
		in_use--;
		enter(c, HELD);
		send_segment(c, ACK, NULL, NULL);
	} else if (set->reset) {
		send_segment(c, RST | ACK, NULL, NULL);
		end(c);
	} else {
		enter(c, FIN_SENT);
	}
}

static void on_segment(struct connection *c, const struct segment *segment)
{
	uint32_t echo = find_timestamp(&segment->options);

	if (echo)
		c->echo = echo;
	if (segment->flags & RST) {
		failed += c->state != FIN_SENT;
		if (c->state == HELD)
			in_use++;
		end(c);
	} else if (c->state == SYN_SENT && segment->flags & SYN) {
		c->seq++;
		c->ack = segment->seq + 1;
		enter(c, DATA_SENT);
	} else if (c->state == DATA_SENT && segment->len && segment->seq == c->ack) {
		on_answer(c, segment);
	} else if (c->state == FIN_SENT && segment->flags & FIN) {
		c->seq++;
		c->ack = segment->seq + segment->len + 1;
		send_segment(c, ACK, NULL, NULL);
		end(c);
	}
}

/* What belongs to no connection of ours is reset, so that the server need not wait for it. */
static void refuse(const struct flow *flow, const struct segment *segment)
{
	struct segment reset = { .seq = segment->ack, .flags = RST };

	if (!(segment->flags & RST))
		tun_send(tun, flow, &reset);
}

static void receive_all(void)
{
	struct segment segment;
	struct connection *c;
	char buffer[2048];
	struct flow flow;

	while (tun_receive(tun, &flow, &segment, buffer, sizeof(buffer))) {
		c = &connections[(flow.sport - FIRST_PORT) % set->in_flight];
		if (c->state != FREE && c->flow.sport == flow.sport && !memcmp(c->flow.src, flow.src, 16))
			on_segment(c, &segment);
		else
			refuse(&flow, &segment);
	}
}

static void repeat_overdue(void)
{
	uint64_t limit = now_ns() - set->retry_ms * 1000000ull;

	for (struct connection *c = connections; c < connections + set->in_flight; c++) {
		if (c->state == FREE || c->state == HELD || c->sent_at > limit)
			continue;
		if (++c->tries > (set->fuzz ? FUZZ_TRIES : TRIES))
			give_up(c);
		else
			send_state(c);
	}
}

static void fill(void)
{
	for (long slot = 0; slot < set->in_flight && begun < set->count; slot++)
		if (connections[slot].state == FREE)
			begin(&connections[slot], slot, begun++);
}

/* Nothing stays behind at the server that a later run could meet; what is on its way to another CPU gets there before the device goes. */
static void end_all(void)
{
	for (struct connection *c = connections; c < connections + set->in_flight; c++)
		if (c->state == HELD)
			send_segment(c, RST | ACK, NULL, NULL);
	poll(NULL, 0, 50);
	receive_all();
}

int run_connect(const struct settings *settings)
{
	uint64_t start = now_ns(), looked = start;
	double seconds;

	set = settings;
	random_state = set->seed;
	connections = calloc(set->in_flight, sizeof(*connections));
	tun = tun_open(set->tun, &set->own, &set->from);
	while (begun < set->count || in_use) {
		fill();
		poll(&(struct pollfd){ .fd = tun, .events = POLLIN }, 1, 20);
		receive_all();
		if (now_ns() - looked > 20000000) {
			repeat_overdue();
			looked = now_ns();
		}
	}
	seconds = (now_ns() - start) / 1e9;
	end_all();
	printf("{\"connections\":%ld,\"answered\":%ld,\"wrong\":%ld,\"failed\":%ld,\"held\":%ld,\"seconds\":%.3f,\"perSecond\":%.0f}\n",
	       begun, answered, wrong, failed, held, seconds, begun / seconds);
	return answered + failed == begun && !wrong && (set->fuzz || !failed) ? 0 : 1;
}
