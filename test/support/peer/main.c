/* SPDX-License-Identifier: MIT */
/* The command line. */
#include "peer.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const char USAGE[] =
	"usage: peer connect|serve|loopback|cost [OPTION VALUE]... [-- COMMAND]\n"
	"  connect   opens --count connections through a TUN device to a server in the same machine\n"
	"  serve     runs COMMAND with a server behind it that compares what it sees with what the clients say\n"
	"  loopback  cost of connections over the kernel's loopback\n"
	"  cost      cost of connections through a TUN device, one after another\n";

_Noreturn void die(const char *what)
{
	fprintf(stderr, "peer: ");
	perror(what);
	exit(3);
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

_Noreturn static void usage(const char *why)
{
	fprintf(stderr, "peer: %s\n%s", why, USAGE);
	exit(2);
}

static struct network network(const char *text)
{
	struct network net = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	char addr[INET6_ADDRSTRLEN + 4], *slash;

	snprintf(addr, sizeof(addr), "%s", text);
	slash = strchr(addr, '/');
	net.plen = slash ? (unsigned)atoi(slash + 1) : net.family == AF_INET ? 32 : 128;
	if (slash)
		*slash = '\0';
	if (inet_pton(net.family, addr, net.addr) != 1 || net.plen > (net.family == AF_INET ? 32 : 128))
		usage(text);
	return net;
}

static struct bytes hex(const char *text)
{
	struct bytes bytes = { 0, { 0 } };
	unsigned byte;

	for (; bytes.len < OPTION_SPACE && sscanf(text, "%2x", &byte) == 1; text += 2)
		bytes.at[bytes.len++] = byte;
	if (*text)
		usage("more than 40 bytes, or not hexadecimal");
	return bytes;
}

static unsigned packets(const char *text)
{
	static const struct {
		const char *name;
		unsigned on;
	} names[] = { { "none", 0 },		       { "syn", ON_SYN },	 { "ack", ON_ACK | ON_DATA },
		      { "bare-ack", ON_ACK }, { "both", ON_SYN | ON_ACK | ON_DATA }, { "data", ON_DATA } };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i].name, text))
			return names[i].on;
	usage(text);
}

static const struct option OPTIONS[] = {
	{ "tun", 1, NULL, 't' },	 { "own", 1, NULL, 'o' },      { "from", 1, NULL, 'f' },
	{ "client", 1, NULL, 'c' },	 { "port", 1, NULL, 'p' },     { "kind", 1, NULL, 'k' },
	{ "on", 1, NULL, 'O' },		 { "count", 1, NULL, 'n' },    { "in-flight", 1, NULL, 'w' },
	{ "hold", 1, NULL, 'h' },	 { "listen", 1, NULL, 'l' },   { "threads", 1, NULL, 'T' },
	{ "names", 1, NULL, 'N' },	 { "rounds", 1, NULL, 'R' },   { "raw-syn", 1, NULL, 'S' },
	{ "raw-ack", 1, NULL, 'A' },	 { "raw-data", 1, NULL, 'D' }, { "expect", 1, NULL, 'e' },
	{ "random-options", 1, NULL, 'r' }, { "seed", 1, NULL, 's' },  { "retry-ms", 1, NULL, 'm' },
	{ "timestamps", 0, NULL, 'x' },	 { "reset", 0, NULL, 'z' },    { "spin", 0, NULL, 'i' },
	{ NULL, 0, NULL, 0 },
};

static void take(struct settings *set, int option, const char *value)
{
	switch (option) {
	case 't': set->tun = value; break;
	case 'o': set->own = network(value); break;
	case 'f': set->from = network(value); break;
	case 'c': set->client = network(value); set->client_set = true; break;
	case 'p': set->port = atoi(value); break;
	case 'k': set->kind = atoi(value); break;
	case 'O': set->on = packets(value); break;
	case 'n': set->count = atol(value); break;
	case 'w': set->in_flight = atol(value); break;
	case 'h': set->hold = atol(value); break;
	case 'l': set->listen = value; break;
	case 'T': set->threads = atoi(value); break;
	case 'N': set->names = atol(value); break;
	case 'R': set->rounds = atol(value); break;
	case 'S': set->raw_syn = hex(value); break;
	case 'A': set->raw_ack = hex(value); break;
	case 'D': set->raw_data = hex(value); break;
	case 'e': set->expect_any = !strcmp(value, "any"); set->expect_source = !strcmp(value, "source"); break;
	case 'r': set->fuzz = set->expect_any = true; set->retry_ms = 50; set->seed = strtoull(value, NULL, 0); break;
	case 's': set->seed = strtoull(value, NULL, 0); break;
	case 'm': set->retry_ms = atoi(value); break;
	case 'x': set->timestamps = true; break;
	case 'z': set->reset = true; break;
	case 'i': set->spin = true; break;
	default: usage("no such option");
	}
}

static void complete(struct settings *set)
{
	bool v4 = set->from.family == AF_INET;

	if (!set->own.family)
		set->own = network(v4 ? "10.9.0.1" : "fd09::1");
	if (!set->client_set)
		set->client = network(v4 ? "20.0.0.0/8" : "2001:db8:c::/64");
	if (set->in_flight < 1 || set->count < 1 || set->own.family != set->from.family)
		usage("numbers from 1, and one family for --own and --from");
}

int main(int argc, char **argv)
{
	struct settings set = { .tun = "tun0", .listen = "ipv4", .from = network("203.0.113.0/24"), .port = 8000, .kind = 254,
				.on = ON_ACK | ON_DATA, .threads = 8, .retry_ms = 500, .count = 1000, .in_flight = 16,
				.names = 10000, .rounds = 5, .seed = 1 };
	int option;

	if (argc < 2)
		usage("nothing to do");
	for (optind = 2; (option = getopt_long(argc, argv, "+", OPTIONS, NULL)) != -1;)
		take(&set, option, optarg);
	complete(&set);
	if (!strcmp(argv[1], "connect"))
		return run_connect(&set);
	if (!strcmp(argv[1], "serve") && argv[optind])
		return run_serve(&set, argv + optind);
	if (!strcmp(argv[1], "loopback"))
		return run_loopback(&set);
	if (!strcmp(argv[1], "cost"))
		return run_cost(&set);
	usage("nothing that peer can do");
}
