/* SPDX-License-Identifier: MIT */
/* Raw TCP segments through a TUN device. */
#include "peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in ipv4(const uint8_t *addr)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	memcpy(&in.sin_addr, addr, 4);
	return in;
}

static void control(int fd, unsigned long request, void *arg, const char *what)
{
	if (ioctl(fd, request, arg) < 0)
		die(what);
}

static void bring_up(int fd, const char *name)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	control(fd, SIOCGIFFLAGS, &ifr, "flags of the device");
	ifr.ifr_flags |= IFF_UP;
	control(fd, SIOCSIFFLAGS, &ifr, "device up");
}

static void configure_ipv4(int fd, const char *name, const struct network *own, const struct network *from)
{
	struct sockaddr_in addr = ipv4(own->addr), dst = ipv4(from->addr), mask = { .sin_family = AF_INET };
	struct ifreq ifr = { .ifr_flags = 0 };
	struct rtentry route = { .rt_flags = RTF_UP, .rt_dev = (char *)name };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	memcpy(&ifr.ifr_addr, &addr, sizeof(addr));
	control(fd, SIOCSIFADDR, &ifr, "own address");
	bring_up(fd, name);
	mask.sin_addr.s_addr = htonl(from->plen ? ~0u << (32 - from->plen) : 0);
	memcpy(&route.rt_dst, &dst, sizeof(dst));
	memcpy(&route.rt_genmask, &mask, sizeof(mask));
	control(fd, SIOCADDRT, &route, "route");
}

static void configure_ipv6(int fd, const char *name, const struct network *own, const struct network *from)
{
	struct in6_ifreq ifr = { .ifr6_prefixlen = 128, .ifr6_ifindex = if_nametoindex(name) };
	struct in6_rtmsg route = { .rtmsg_flags = RTF_UP, .rtmsg_metric = 1 };

	bring_up(fd, name);
	memcpy(&ifr.ifr6_addr, own->addr, 16);
	control(fd, SIOCSIFADDR, &ifr, "own address");
	memcpy(&route.rtmsg_dst, from->addr, 16);
	route.rtmsg_dst_len = from->plen;
	route.rtmsg_ifindex = ifr.ifr6_ifindex;
	control(fd, SIOCADDRT, &route, "route");
}

int tun_open(const char *name, const struct network *own, const struct network *from)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	int fd = socket(from->family, SOCK_DGRAM, 0);

	if (tun < 0 || fd < 0)
		die("/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	control(tun, TUNSETIFF, &ifr, "tun device");
	/* Room for an answer to each of many connections: the device would drop them in silence. */
	ifr.ifr_qlen = 8192;
	control(fd, SIOCSIFTXQLEN, &ifr, "queue of the device");
	if (from->family == AF_INET)
		configure_ipv4(fd, name, own, from);
	else
		configure_ipv6(fd, name, own, from);
	close(fd);
	return tun;
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, unsigned len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += p[0] << 8 | p[1];
	return len ? sum + (p[0] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value & 0xff;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value & 0xffff);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* Length of the IP header. */
static unsigned put_ip(uint8_t *p, const struct flow *flow, unsigned len)
{
	uint16_t sum;

	if (flow->family == AF_INET) {
		memcpy(p, "\x45\0\0\0\0\0\x40\0\x40\x06\0\0", 12);
		put16(p + 2, 20 + len);
		memcpy(p + 12, flow->src, 4);
		memcpy(p + 16, flow->dst, 4);
		sum = fold(sum16(0, p, 20));
		memcpy(p + 10, &sum, 2);
		return 20;
	}
	memcpy(p, "\x60\0\0\0\0\0\x06\x40", 8);
	put16(p + 4, len);
	memcpy(p + 8, flow->src, 16);
	memcpy(p + 24, flow->dst, 16);
	return 40;
}

void tun_send(int tun, const struct flow *flow, const struct segment *segment)
{
	unsigned options = (segment->options.len + 3) & ~3u, size = flow->family == AF_INET ? 4 : 16;
	unsigned len = 20 + options + segment->len;
	uint8_t packet[40 + 20 + OPTION_SPACE + 256] = { 0 };
	uint8_t *tcp = packet + put_ip(packet, flow, len);
	uint32_t pseudo;
	uint16_t sum;

	put16(tcp, flow->sport);
	put16(tcp + 2, flow->dport);
	put32(tcp + 4, segment->seq);
	put32(tcp + 8, segment->ack);
	tcp[12] = (20 + options) << 2;
	tcp[13] = segment->flags;
	put16(tcp + 14, 65000);
	memcpy(tcp + 20, segment->options.at, segment->options.len);
	if (segment->len)
		memcpy(tcp + 20 + options, segment->data, segment->len);
	pseudo = sum16(sum16(6 + len, flow->src, size), flow->dst, size);
	sum = fold(sum16(pseudo, tcp, len));
	memcpy(tcp + 16, &sum, 2);
	if (write(tun, packet, tcp - packet + len) < 0)
		die("write to the device");
}

static bool parse(uint8_t *p, ssize_t len, struct flow *flow, struct segment *segment)
{
	bool v4 = p[0] >> 4 == 4;
	uint8_t *tcp = p + (v4 ? 20 : 40);
	unsigned head, size = v4 ? 4 : 16;

	if (len < (v4 ? 40 : 60) || p[v4 ? 9 : 6] != IPPROTO_TCP)
		return false;
	head = tcp[12] >> 4 << 2;
	*flow = (struct flow){ .family = v4 ? AF_INET : AF_INET6 };
	memcpy(flow->dst, p + (v4 ? 12 : 8), size);
	memcpy(flow->src, p + (v4 ? 16 : 24), size);
	flow->dport = tcp[0] << 8 | tcp[1];
	flow->sport = tcp[2] << 8 | tcp[3];
	*segment = (struct segment){ get32(tcp + 4), get32(tcp + 8), tcp[13], { head - 20, { 0 } },
				     tcp + head, (unsigned)(p + len - tcp) - head };
	memcpy(segment->options.at, tcp + 20, head - 20);
	return true;
}

bool tun_receive(int tun, struct flow *flow, struct segment *segment, char *buffer, size_t size)
{
	ssize_t len;

	/* The device carries neighbour discovery too. */
	while ((len = read(tun, buffer, size)) > 0)
		if (parse((uint8_t *)buffer, len, flow, segment))
			return true;
	return false;
}
