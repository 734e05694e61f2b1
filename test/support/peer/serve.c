/* SPDX-License-Identifier: MIT */
/* A server with many threads, each of which compares accept() and getpeername() with what the client says of itself. */
#define _GNU_SOURCE

#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static const struct settings *set;
static int listener;
static atomic_long accepted, right, wrong, broken, named, held;
static char first_wrong[320];

/* Kinds: ipv4, dual (both families on an IPv6 socket), ipv6, and mptcp- before any of them. */
int listener_on(const char *kind, unsigned port)
{
	bool mptcp = !strncmp(kind, "mptcp-", 6);
	const char *family = mptcp ? kind + 6 : kind;
	bool v4 = !strcmp(family, "ipv4"), v6only = !strcmp(family, "ipv6");
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM, mptcp ? IPPROTO_MPTCP : 0);
	union name name = { .in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) } };

	if (!v4 && !v6only && strcmp(family, "dual")) {
		fprintf(stderr, "peer: no such listener: %s\n", kind);
		exit(2);
	}
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (v4)
		name.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	else if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ v6only }, sizeof(int)))
		die("IPV6_V6ONLY");
	if (bind(fd, &name.any, v4 ? sizeof(name.in) : sizeof(name.in6)) || listen(fd, 4096))
		die("listen");
	return fd;
}

/* IPv4 and v4-mapped alike, as the text says them. The family and the length must be the listener's. */
static void print_name(const union name *name, socklen_t len, char *text, size_t size)
{
	char addr[INET6_ADDRSTRLEN] = "?";
	bool v4 = !strcmp(set->listen, "ipv4") || !strcmp(set->listen, "mptcp-ipv4");

	if (v4 && name->any.sa_family == AF_INET && len == sizeof(name->in))
		inet_ntop(AF_INET, &name->in.sin_addr, addr, sizeof(addr));
	else if (!v4 && name->any.sa_family == AF_INET6 && len == sizeof(name->in6))
		inet_ntop(AF_INET6, &name->in6.sin6_addr, addr, sizeof(addr));
	snprintf(text, size, "%s %u", strncmp(addr, "::ffff:", 7) || v4 ? addr : addr + 7, ntohs(name->in.sin_port));
}

/* A connection that the client ended has no name any more. */
static bool same_name(int fd, const union name *expected)
{
	union name name;
	socklen_t len = sizeof(name);

	memset(&name, 0, sizeof(name));
	if (getpeername(fd, &name.any, &len))
		return errno == ENOTCONN;
	atomic_fetch_add_explicit(&named, 1, memory_order_relaxed);
	return !memcmp(&name, expected, sizeof(name));
}

static void note_wrong(const char *how, const char *seen, const char *expected)
{
	if (!atomic_fetch_add(&wrong, 1))
		snprintf(first_wrong, sizeof(first_wrong), "%s: %s instead of %s", how, seen, expected);
}

/* Until the client is gone, or for ever, and then only while the CPU has nothing else to do but to be interrupted. */
static void keep_asking(int fd, const union name *expected, bool forever)
{
	char byte;

	if (forever)
		sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ .sched_priority = 0 });
	while (forever || (recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN))
		if (!same_name(fd, expected)) {
			note_wrong("getpeername again", "another", "the first");
			return;
		}
}

static void wait_for_end(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) > 0)
		;
}

/* The client's line, without its end; false: it went away. */
static bool read_line(int fd, char *line, size_t size)
{
	size_t len = 0;
	ssize_t got;

	while (len < size - 1 && (got = recv(fd, line + len, size - 1 - len, 0)) > 0) {
		len += got;
		line[len] = '\0';
		if (line[len - 1] == '\n') {
			line[len - 1] = '\0';
			return true;
		}
	}
	return false;
}

static void handle(int fd, const union name *name, socklen_t len)
{
	bool again = same_name(fd, name), good;
	char line[128], seen[128];

	print_name(name, len, seen, sizeof(seen));
	if (!read_line(fd, line, sizeof(line))) {
		atomic_fetch_add(&broken, 1);
		return;
	}
	good = again && (!strcmp(line, "any 0") || !strcmp(line, seen));
	if (good)
		atomic_fetch_add(&right, 1);
	else
		note_wrong(again ? "accept" : "getpeername unlike accept", seen, line);
	send(fd, good ? "+" : "-", 1, MSG_NOSIGNAL);
	if (atomic_load(&held) < set->hold && atomic_fetch_add(&held, 1) < set->hold)
		keep_asking(fd, name, true);
	else if (set->spin)
		keep_asking(fd, name, false);
	else
		wait_for_end(fd);
}

static void *work(void *unused)
{
	(void)unused;
	for (;;) {
		union name name;
		socklen_t len = sizeof(name);
		int fd;

		memset(&name, 0, sizeof(name));
		fd = accept(listener, &name.any, &len);
		if (fd < 0)
			continue;
		atomic_fetch_add(&accepted, 1);
		handle(fd, &name, len);
		close(fd);
	}
	return NULL;
}

static int run_command(char *const command[])
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		execvp(command[0], command);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The threads end with the program: every connection that the clients saw answered has been counted. */
int run_serve(const struct settings *settings, char *const command[])
{
	pthread_t thread;
	int status;

	set = settings;
	listener = listener_on(set->listen, set->port);
	for (unsigned i = 0; i < set->threads + set->hold; i++)
		if (pthread_create(&thread, NULL, work, NULL))
			die("thread");
	status = run_command(command);
	printf("{\"listener\":\"%s\",\"accepted\":%ld,\"right\":%ld,\"wrong\":%ld,\"broken\":%ld,\"named\":%ld,\"firstWrong\":\"%s\"}\n",
	       set->listen, accepted, right, wrong, broken, named, first_wrong);
	fflush(stdout);
	_exit(status ? status : wrong > 0);
}
