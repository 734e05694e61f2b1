/* SPDX-License-Identifier: MIT */
/*
 * cost instructions   what each kind of connection and getpeername() costs, in ticks of the CPU's counter: under QEMU's
 *                     -icount shift=0 that is instructions
 * cost memory N ON    kilobytes of slab and per-CPU memory that N connections take while they live; ON: their option, none or ack
 * cost rate N MS      connections a second over loopback that N processes make together in MS milliseconds
 *
 * Prints lines "name value".
 */
#include "bench.h"

#include <fcntl.h>
#include <linux/random.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

enum { CONNECTIONS = 4000, ROUNDS = 32, NAMES = 256 };

_Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Until the kernel has its random numbers together, each costs a hash. */
static void feed_random(void)
{
	struct {
		struct rand_pool_info info;
		uint8_t bytes[64];
	} pool = { { 512, sizeof(pool.bytes) }, { 1 } };
	int fd = open("/dev/random", O_WRONLY);

	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool))
		die("/dev/random");
	close(fd);
}

static int loopback;

static void connect_loopback(unsigned on)
{
	struct connection c = open_loopback(loopback, LOOPBACK_PORT);

	(void)on;
	close_loopback(&c);
}

static void connect_remote(unsigned on)
{
	struct connection c = open_remote(on);

	close_remote(&c);
}

/* The mean: what a connection leaves to be freed later, in batches, belongs to it. The first fills caches. */
static void measure(const char *name, void (*connect_once)(unsigned), unsigned on)
{
	uint64_t start;

	connect_once(on);
	start = __rdtsc();
	for (int i = 0; i < CONNECTIONS; i++)
		connect_once(on);
	printf("%s %.2f\n", name, (double)(__rdtsc() - start) / CONNECTIONS);
}

/* The least of several rounds: there is nothing to free, all else is interrupts. */
static void measure_name(const char *name, unsigned on)
{
	struct connection c = open_remote(on);
	uint64_t least = UINT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = __rdtsc(), ticks;

		for (int i = 0; i < NAMES; i++) {
			struct sockaddr_in addr;
			socklen_t len = sizeof(addr);

			if (getpeername(c.server, (struct sockaddr *)&addr, &len))
				die("getpeername");
		}
		ticks = __rdtsc() - start;
		least = ticks < least ? ticks : least;
	}
	printf("%s %.2f\n", name, (double)least / NAMES);
	close_remote(&c);
}

static void measure_all(void)
{
	struct connection kept;

	start_remote();
	loopback = listen_on(LOOPBACK_PORT);
	measure("loopback", connect_loopback, 0);
	measure("plain", connect_remote, 0);
	measure_name("name", 0);
	measure("ack", connect_remote, ON_ACK);
	measure_name("name-marked", ON_ACK);
	kept = open_remote(ON_ACK);
	measure("loopback-beside", connect_loopback, 0);
	measure("plain-beside", connect_remote, 0);
	measure_name("name-beside", 0);
	close_remote(&kept);
	measure("syn", connect_remote, ON_SYN);
	measure("plain-after-syn", connect_remote, 0);
}

/* Slab and per-CPU memory, kilobytes. */
static long memory(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long sum = 0, value;

	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Slab: %ld", &value) == 1 || sscanf(line, "Percpu: %ld", &value) == 1)
			sum += value;
	fclose(file);
	return sum;
}

static void measure_memory(long count, unsigned on)
{
	struct rlimit files = { count + 100, count + 100 };
	struct connection *held = calloc(count, sizeof(*held));
	long before;

	if (setrlimit(RLIMIT_NOFILE, &files))
		die("RLIMIT_NOFILE");
	start_remote();
	before = memory();
	for (long i = 0; i < count; i++)
		held[i] = open_remote(on);
	printf("memory %ld\n", memory() - before);
	for (long i = 0; i < count; i++)
		close_remote(&held[i]);
}

static long connect_until(unsigned port, uint64_t end)
{
	int listener = listen_on(port);
	long count = 0;

	for (; now_ns() < end; count++) {
		struct connection c = open_loopback(listener, port);

		close_loopback(&c);
	}
	return count;
}

static void measure_rate(int processes, long ms)
{
	long *counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), sum = 0;
	uint64_t end = now_ns() + ms * 1000000ull;

	for (int i = 0; i < processes; i++)
		if (!fork()) {
			counts[i] = connect_until(1000 + i, end);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < processes; i++)
		sum += counts[i];
	printf("rate %.1f\n", sum * 1000.0 / ms);
}

int main(int argc, char **argv)
{
	feed_random();
	setvbuf(stdout, NULL, _IOFBF, 4096);
	if (argc == 2 && !strcmp(argv[1], "instructions"))
		measure_all();
	else if (argc == 4 && !strcmp(argv[1], "memory"))
		measure_memory(atol(argv[2]), strcmp(argv[3], "ack") ? 0 : ON_ACK);
	else if (argc == 4 && !strcmp(argv[1], "rate"))
		measure_rate(atoi(argv[2]), atol(argv[3]));
	else
		return 2;
	return 0;
}
