// SPDX-License-Identifier: GPL-2.0-only
/*
 * toa: the reader of ../module without a module: programs that the kernel runs when a connection is opened and when its peer
 * is asked for. Only contexts and helpers of the UAPI as Linux 5.10 had them, so one object serves every kernel since.
 * README.md says why each program is right.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include "option.h"

#define SEC(name) __attribute__((section(name), used))
#define AF_INET 2
#define AF_INET6 10
#define SOL_TCP 6
#define TCP_HEADER 20
#define SYN_LIFE 64000000000ull	/* ns; as long as a SYN-ACK is repeated by default */

static void *(*lookup)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*update)(void *map, const void *key, const void *value, __u64 flags) = (void *)BPF_FUNC_map_update_elem;
static __u64 (*now)(void) = (void *)BPF_FUNC_ktime_get_ns;
static long (*getsockopt)(void *ctx, int level, int name, void *value, int len) = (void *)BPF_FUNC_getsockopt;
static long (*set_flags)(struct bpf_sock_ops *ops, int flags) = (void *)BPF_FUNC_sock_ops_cb_flags_set;
static void *(*storage)(void *map, void *sk, void *value, __u64 flags) = (void *)BPF_FUNC_sk_storage_get;
static long (*forget)(void *map, void *sk) = (void *)BPF_FUNC_sk_storage_delete;

/* --- maps; the loader makes them as they are described here --- */

struct map {
	__u32 type, key, value, entries, flags;
};

struct network {
	__u32 plen;
	__u32 addr[4];	/* IPv4 as ::ffff:a.b.c.d */
};

struct sender {
	__u64 count, last;
};

/* Tells a SYN from all others. */
struct syn_id {
	__u32 remote[4], local[4];	/* IPv4 as ::ffff:a.b.c.d */
	__u32 remote_port, local_port, seq;
};

struct syn {
	__u64 until;
	struct toa_option option;
	__u32 unused;
};

/* The order in which the loader prints them, too. */
enum {
	SYN_RECV_SOCK_TOA, SYN_RECV_SOCK_NO_TOA, GETNAME_TOA_OK, GETNAME_TOA_EMPTY, UNTRUSTED, MALFORMED,
	UNSUPPORTED_FAMILY, MEMORY, ROWS
};

enum { KINDS, SYN_UNTIL, SETTINGS };

struct map settings SEC("maps") = { BPF_MAP_TYPE_ARRAY, 4, 8, SETTINGS, 0 };
struct map rows SEC("maps") = { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, ROWS, 0 };
/* The list of networks changes as a whole: the loader fills another trie and puts it in the place of this one. */
struct map networks SEC("maps") = { BPF_MAP_TYPE_LPM_TRIE, sizeof(struct network), 4, 1 << 20, BPF_F_NO_PREALLOC };
struct map trust SEC("maps") = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1, 0 };
struct map untrusted SEC("maps") = { BPF_MAP_TYPE_LRU_HASH, 16, sizeof(struct sender), 1024, 0 };
struct map syns SEC("maps") = { BPF_MAP_TYPE_LRU_HASH, sizeof(struct syn_id), sizeof(struct syn), 4096, 0 };
struct map marks SEC("maps") = { BPF_MAP_TYPE_SK_STORAGE, 4, sizeof(struct toa_option), 0, BPF_F_NO_PREALLOC };

static __always_inline __u64 *setting(__u32 which)
{
	return lookup(&settings, &which);
}

static __always_inline void count(__u32 row)
{
	__u64 *value = lookup(&rows, &row);

	if (value)
		++*value;
}

/* --- whose option is believed --- */

static __always_inline bool is_trusted(const __u32 *addr)
{
	struct network net = { 128, { addr[0], addr[1], addr[2], addr[3] } };
	__u32 zero = 0;
	void *list = lookup(&trust, &zero);

	return list && lookup(list, &net);
}

static __always_inline void note_sender(const __u32 *addr)
{
	struct sender *known = lookup(&untrusted, addr), first = { 1, now() };

	if (known) {
		__sync_fetch_and_add(&known->count, 1);
		known->last = first.last;
	} else {
		update(&untrusted, addr, &first, BPF_ANY);
	}
}

/* --- a segment's options, where the verifier lets us look at them --- */

struct segment {
	__u8 header[TCP_HEADER];
	__u8 options[TOA_ROOM];
};

static __always_inline unsigned int options_length(__u8 offset)
{
	return (offset >> 4) * 4 - TCP_HEADER;
}

/*
 * Four bytes of the segment that is at hand; @beyond where it has none. The pointers are loaded anew each time, so that the
 * verifier has nothing to remember from one word to the next.
 */
static __always_inline __u32 word(struct bpf_sock_ops *ops, unsigned int at, __u32 beyond)
{
	const __u8 *p = *(void *volatile *)&ops->skb_data, *end = *(void *volatile *)&ops->skb_data_end;

	return p + at + 4 > end ? beyond : *(__u32 *)(p + at);
}

/* The options of the segment that is at hand; gives their length. What most connections have ends here. */
static __always_inline unsigned int copy_options(struct bpf_sock_ops *ops, struct segment *segment)
{
	const __u8 *p = ops->skb_data, *end = ops->skb_data_end;
	/* A number that the verifier does not know: zeros would be a case of their own. */
	__u32 beyond = *(volatile __u32 *)&ops->local_port;
	unsigned int i, len;

	if (p + TCP_HEADER + 4 > end)
		return 0;
	len = options_length(p[12]);
	/* Timestamps alone. */
	if (len == 12 && *(__u32 *)(p + TCP_HEADER) == __builtin_bswap32(0x0101080a))
		return 0;
	for (i = 0; i < TOA_ROOM; i += 4)
		*(__u32 *)(segment->options + i) = word(ops, TCP_HEADER + i, beyond);
	return len;
}

/* The SYN, if it is at hand or was saved; gives the length of its options. */
static __always_inline unsigned int copy_syn(struct bpf_sock_ops *ops, struct segment *segment)
{
	long size = getsockopt(ops, SOL_TCP, TCP_BPF_SYN, segment, sizeof(*segment));

	return size < TCP_HEADER ? 0 : options_length(segment->header[12]);
}

/* Whether there is a sound option whose sender is believed. */
static __always_inline bool read_option(const struct segment *segment, unsigned int len, const __u32 *remote,
					struct toa_option *option)
{
	__u64 *kinds = setting(KINDS);
	enum toa_verdict verdict;

	if (!len || !kinds)
		return false;
	verdict = toa_read(segment->options, len, *kinds, option);
	if (verdict == TOA_NONE)
		return false;
	if (!is_trusted(remote)) {
		count(UNTRUSTED);
		note_sender(remote);
		return false;
	}
	if (verdict == TOA_MALFORMED)
		count(MALFORMED);
	return verdict == TOA_FOUND;
}

/* --- options that came on a SYN, until the connection is made --- */

static __always_inline struct syn_id identify(struct bpf_sock_ops *ops, __u32 seq)
{
	struct syn_id id = { .remote_port = ops->remote_port, .local_port = ops->local_port, .seq = seq };
	/* Volatile, so that they are read here: the verifier takes no pointer into the context that a branch has chosen. */
	__u32 remote = *(volatile __u32 *)&ops->remote_ip4, local = *(volatile __u32 *)&ops->local_ip4;

	if (ops->family == AF_INET6) {
		id.remote[0] = ops->remote_ip6[0];
		id.remote[1] = ops->remote_ip6[1];
		id.remote[2] = ops->remote_ip6[2];
		id.remote[3] = ops->remote_ip6[3];
		id.local[0] = ops->local_ip6[0];
		id.local[1] = ops->local_ip6[1];
		id.local[2] = ops->local_ip6[2];
		id.local[3] = ops->local_ip6[3];
	} else {
		id.remote[2] = id.local[2] = __builtin_bswap32(0xffff);
		id.remote[3] = remote;
		id.local[3] = local;
	}
	return id;
}

static __always_inline void keep_syn(struct bpf_sock_ops *ops)
{
	struct segment segment;
	unsigned int len = copy_syn(ops, &segment);
	struct syn_id id = identify(ops, __builtin_bswap32(*(__u32 *)(segment.header + 4)));
	struct syn syn = {};
	__u64 *until = setting(SYN_UNTIL);

	if (!until || !read_option(&segment, len, id.remote, &syn.option))
		return;
	syn.until = now() + SYN_LIFE;
	if (update(&syns, &id, &syn, BPF_ANY))
		count(MEMORY);
	else
		*until = syn.until;
}

static __always_inline bool syn_option(const struct syn_id *id, struct toa_option *option)
{
	__u64 *until = setting(SYN_UNTIL), time;
	struct syn *syn;

	/* Most connections end here. */
	if (!until || !*until)
		return false;
	time = now();
	if (time > *until)
		return false;
	syn = lookup(&syns, id);
	if (!syn || time > syn->until)
		return false;
	*option = syn->option;
	return true;
}

/* --- a listener tells us of its SYNs when it answers them; its children inherit that, and need it no more --- */

#define READS (BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG | BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG)

static __always_inline void watch(struct bpf_sock_ops *ops)
{
	set_flags(ops, ops->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG);
}

/* Whether it was watched. Somebody else's program that writes options reads them, too: there the flag stays. */
static __always_inline bool unwatch(struct bpf_sock_ops *ops)
{
	__u32 flags = ops->bpf_sock_ops_cb_flags;

	if (!(flags & BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG))
		return false;
	if (!(flags & READS))
		set_flags(ops, flags & ~BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG);
	return true;
}

/* --- programs --- */

static __always_inline bool find_option(struct bpf_sock_ops *ops, struct toa_option *option)
{
	struct segment segment;
	struct syn_id id = identify(ops, ops->rcv_nxt - 1);
	bool watched = unwatch(ops);

	if (read_option(&segment, copy_options(ops, &segment), id.remote, option))
		return true;
	if (watched)
		return syn_option(&id, option);
	/* The listener is older than we are: the loader has told it to save the SYN. */
	return read_option(&segment, copy_syn(ops, &segment), id.remote, option);
}

static __always_inline void mark_child(struct bpf_sock_ops *ops)
{
	struct toa_option option = {};
	struct bpf_sock *sk = ops->sk;
	bool found = find_option(ops, &option);

	if (found && option.ipv6 && ops->family == AF_INET) {
		count(UNSUPPORTED_FAMILY);
		found = false;
	}
	if (found && (!sk || !storage(&marks, sk, &option, BPF_SK_STORAGE_GET_F_CREATE))) {
		count(MEMORY);
		found = false;
	}
	count(found ? SYN_RECV_SOCK_TOA : SYN_RECV_SOCK_NO_TOA);
}

/* The reply is left as it is: another program may have set it. */
SEC("sockops")
int toa_open(struct bpf_sock_ops *ops)
{
	switch (ops->op) {
	case BPF_SOCK_OPS_TCP_LISTEN_CB:
		watch(ops);
		break;
	case BPF_SOCK_OPS_HDR_OPT_LEN_CB:
		if (ops->is_fullsock)
			unwatch(ops);
		else
			keep_syn(ops);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		mark_child(ops);
		break;
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		/* An accepted socket may be connected to somebody else. */
		if (ops->sk)
			forget(&marks, ops->sk);
		break;
	}
	return 1;
}

static __always_inline struct toa_option *find_mark(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct toa_option *mark = sk ? storage(&marks, sk, 0, 0) : 0;

	/* IPV6_ADDRFORM may have made the socket IPv4. */
	if (mark && mark->ipv6 && ctx->family == AF_INET)
		mark = 0;
	count(mark ? GETNAME_TOA_OK : GETNAME_TOA_EMPTY);
	if (mark && *(__u16 *)mark->port)
		ctx->user_port = *(__u16 *)mark->port;
	return mark;
}

SEC("cgroup/getpeername4")
int toa_name4(struct bpf_sock_addr *ctx)
{
	struct toa_option *mark = find_mark(ctx);

	if (mark)
		ctx->user_ip4 = ((__u32 *)mark->addr)[3];
	return 1;
}

SEC("cgroup/getpeername6")
int toa_name6(struct bpf_sock_addr *ctx)
{
	struct toa_option *mark = find_mark(ctx);

	if (mark) {
		ctx->user_ip6[0] = ((__u32 *)mark->addr)[0];
		ctx->user_ip6[1] = ((__u32 *)mark->addr)[1];
		ctx->user_ip6[2] = ((__u32 *)mark->addr)[2];
		ctx->user_ip6[3] = ((__u32 *)mark->addr)[3];
	}
	return 1;
}
