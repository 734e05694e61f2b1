// SPDX-License-Identifier: GPL-2.0-only
/*
 * toa: accept() and getpeername() return the client's address that a proxy in
 * front of this machine wrote into a TCP option (TOA, TCP Option Address).
 *
 * Functions of the kernel are hooked by name at their entry with ftrace, and
 * arguments are taken from registers: no prototype, no table of the kernel and
 * no unexported symbol is relied on. README.md says why each hook is right.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/inet.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "compat.h"
#include "option.h"

#define TOA_VERSION "0.2.0"

#define PROC_FILE(name, wr)							\
	static int name##_open(struct inode *inode, struct file *file)		\
	{									\
		return single_open(file, name##_show, NULL);			\
	}									\
	static const struct proc_ops name##_ops = {				\
		.proc_open = name##_open,					\
		.proc_read = seq_read,						\
		.proc_write = wr,						\
		.proc_lseek = seq_lseek,					\
		.proc_release = single_release,					\
	}

/* --- counters: /proc/net/toa_stats --- */

#define ROWS(X)			\
	X(syn_recv_sock_toa)	\
	X(syn_recv_sock_no_toa)	\
	X(getname_toa_ok)	\
	X(getname_toa_mismatch)	\
	X(getname_toa_bypass)	\
	X(getname_toa_empty)	\
	X(untrusted)		\
	X(malformed)		\
	X(unsupported_family)	\
	X(memory)		\
	X(hooks_off)

#define ROW_ID(row) ROW_##row,
#define ROW_NAME(row) #row,

enum { ROWS(ROW_ID) NR_ROWS };

static DEFINE_PER_CPU(unsigned long[NR_ROWS], rows);

#define count(row) this_cpu_inc(rows[ROW_##row])

static unsigned long beats;

/* Hooked like the rest: whether the hook runs tells whether ftrace was switched off. */
static noinline void toa_beat(void)
{
	barrier();
}

static bool hooks_are_off(void)
{
	unsigned long before = READ_ONCE(beats);

	toa_beat();
	return READ_ONCE(beats) == before;
}

static int stats_show(struct seq_file *seq, void *unused)
{
	static const char * const names[] = { ROWS(ROW_NAME) };
	int row, cpu;

	per_cpu(rows, cpumask_first(cpu_possible_mask))[ROW_hooks_off] = hooks_are_off();
	seq_printf(seq, "%25s", "");
	for_each_possible_cpu(cpu)
		seq_printf(seq, "%8s%-3d", "CPU", cpu);
	for (row = 0; row < NR_ROWS; row++) {
		seq_printf(seq, "\n%-24s:", names[row]);
		for_each_possible_cpu(cpu)
			seq_printf(seq, " %10lu", per_cpu(rows, cpu)[row]);
	}
	seq_puts(seq, "\n");
	return 0;
}

PROC_FILE(stats, NULL);

/* --- whose option is believed: trusted=, /proc/net/toa_trusted --- */

#define LIST_MAX (1 << 20)	/* bytes of text in one write */

/* In the machine's byte order, for quick comparison. IPv4 as ::ffff:a.b.c.d */
struct address {
	u64 hi, lo;
};

struct network {
	struct address addr;
	u8 plen;
};

/*
 * Two prefixes are either nested or disjoint, so with the nested ones dropped
 * a sorted list of prefixes is a sorted list of disjoint ranges.
 */
struct trust {
	u32 n;
	struct network net[];
};

static struct trust nobody;
static struct trust __rcu *trust = (struct trust __force __rcu *)&nobody;

static void free_trust(struct trust *t)
{
	if (t != &nobody)
		vfree(t);
}

static struct address host_order(const struct in6_addr *addr)
{
	const __be64 *half = (const __be64 *)addr;

	return (struct address){ be64_to_cpup(half), be64_to_cpup(half + 1) };
}

static bool in_network(const struct address *addr, const struct network *net)
{
	u64 hi = addr->hi ^ net->addr.hi, lo = addr->lo ^ net->addr.lo;

	if (net->plen > 64)
		return !hi && !(lo >> (128 - net->plen));
	return !net->plen || !(hi >> (64 - net->plen));
}

static bool is_behind(const struct address *a, const struct address *b)
{
	return a->hi != b->hi ? a->hi > b->hi : a->lo > b->lo;
}

static bool is_trusted(const struct in6_addr *saddr)
{
	struct address addr = host_order(saddr);
	u32 first = 0, end, middle;
	const struct trust *t;
	bool found;

	rcu_read_lock();
	t = rcu_dereference(trust);
	for (end = t->n; first < end;) {
		middle = (first + end) / 2;
		if (is_behind(&t->net[middle].addr, &addr))
			end = middle;
		else
			first = middle + 1;
	}
	/* The only network that it can be in is the last that does not begin behind it. */
	found = first && in_network(&addr, &t->net[first - 1]);
	rcu_read_unlock();
	return found;
}

static u32 nr_trusted(void)
{
	u32 n;

	rcu_read_lock();
	n = rcu_dereference(trust)->n;
	rcu_read_unlock();
	return n;
}

/* @net is all zero before, which is "any". */
static int parse_network(char *text, struct network *net)
{
	char *word = strsep(&text, "/");
	struct in6_addr addr, prefix;
	u8 bits = 128;
	const char *end;
	__be32 v4;

	if (!text && !strcmp(word, "any"))
		return 0;
	if (in4_pton(word, -1, (u8 *)&v4, 0, &end) && !*end) {
		ipv6_addr_set_v4mapped(v4, &addr);
		bits = 32;
	} else if (!in6_pton(word, -1, addr.s6_addr, 0, &end) || *end) {
		return -EINVAL;
	}
	net->plen = bits;
	if (text && (*text == '+' || kstrtou8(text, 10, &net->plen) || net->plen > bits))
		return -EINVAL;
	net->plen += 128 - bits;
	ipv6_addr_prefix(&prefix, &addr, net->plen);
	if (!ipv6_addr_equal(&prefix, &addr))
		return -EINVAL;
	net->addr = host_order(&addr);
	/* An IPv6 network must not let all of IPv4 in by the way: who wants that says "any". */
	return net->plen >= 96 || memchr_inv(&addr, 0, 10) ? 0 : -EINVAL;
}

/* A network before those that are in it. */
static int compare_networks(const void *a, const void *b)
{
	const struct network *x = a, *y = b;

	if (is_behind(&x->addr, &y->addr))
		return 1;
	return is_behind(&y->addr, &x->addr) ? -1 : x->plen - y->plen;
}

/* All or nothing. Overwrites @text. */
static int set_trust(char *text)
{
	struct network *net, *last = NULL;
	struct trust *t;
	char *p, *token;
	u32 n = 0;
	int err = 0;

	for (p = text; (p = strchr(p, '#'));)
		while (*p && *p != '\n')
			*p++ = ' ';
	/* No network is shorter than two characters, "::". */
	t = vzalloc(sizeof(*t) + (strlen(text) / 3 + 1) * sizeof(*net));
	if (!t)
		return -ENOMEM;
	while (!err && (token = strsep(&text, ", \t\r\n")))
		if (*token)
			err = parse_network(token, &t->net[n++]);
	if (!err) {
		sort(t->net, n, sizeof(*net), compare_networks, NULL);
		for (net = t->net; n--; net++) {
			if (last && in_network(&net->addr, last))
				continue;
			last = &t->net[t->n++];
			*last = *net;
		}
		t = xchg((__force struct trust **)&trust, t);
		synchronize_rcu();
	}
	free_trust(t);
	return err;
}

/* Whether it was IPv4. */
static bool show_address(struct seq_file *seq, const struct in6_addr *addr)
{
	bool v4 = ipv6_addr_v4mapped(addr);

	seq_printf(seq, v4 ? "%pI4" : "%pI6c", &addr->s6_addr32[v4 ? 3 : 0]);
	return v4;
}

static void show_trust(struct seq_file *seq, char end)
{
	const struct network *net;
	const struct trust *t;
	__be64 addr[2];
	bool v4;

	rcu_read_lock();
	t = rcu_dereference(trust);
	for (net = t->net; net < t->net + t->n; net++) {
		if (net->plen) {
			addr[0] = cpu_to_be64(net->addr.hi);
			addr[1] = cpu_to_be64(net->addr.lo);
			v4 = show_address(seq, (const struct in6_addr *)addr);
			seq_printf(seq, "/%u%c", net->plen - (v4 ? 96 : 0), end);
		} else {
			seq_printf(seq, "any%c", end);
		}
	}
	rcu_read_unlock();
}

static int trusted_show(struct seq_file *seq, void *unused)
{
	show_trust(seq, '\n');
	return 0;
}

static ssize_t trusted_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	int err = -EINVAL;
	char *text;

	if (*pos || len > LIST_MAX)
		return err;
	text = vzalloc(len + 1);
	if (!text)
		return -ENOMEM;
	if (copy_from_user(text, from, len))
		err = -EFAULT;
	/* Tools that copy in pieces end a piece anywhere: half a network must not be believed. */
	else if (strlen(text) == len && (len < PAGE_SIZE || text[len - 1] == '\n'))
		err = set_trust(text);
	vfree(text);
	*pos = len;
	return err ?: len;
}

PROC_FILE(trusted, trusted_write);

static int trusted_set(const char *val, const struct kernel_param *kp)
{
	char *text = kstrdup(val, GFP_KERNEL);
	int err = text ? set_trust(text) : -ENOMEM;

	kfree(text);
	return err;
}

static int trusted_get(char *page, const struct kernel_param *kp)
{
	struct seq_file seq = { .buf = page, .size = PAGE_SIZE - 1 };

	show_trust(&seq, ',');
	if (seq.count == seq.size)
		return sprintf(page, "%u networks, see /proc/net/toa_trusted\n", nr_trusted());
	/* One line: its end is where the last comma was, and an empty list is an empty line. */
	seq.count += !seq.count;
	page[seq.count - 1] = '\n';
	return seq.count;
}

/* Called by the module loader too, when a load fails after the parameter was set. */
static void trusted_free(void *unused)
{
	free_trust(rcu_dereference_raw(trust));
}

static const struct kernel_param_ops trusted_param = {
	.set = trusted_set,
	.get = trusted_get,
	.free = trusted_free,
};
module_param_cb(trusted, &trusted_param, NULL, 0644);
MODULE_PARM_DESC(trusted, "senders believed: CIDR,... or any");

/* --- which options are read: kinds= --- */

static unsigned int kinds = 1;	/* toa_kinds[0] */

static int kinds_set(const char *val, const struct kernel_param *kp)
{
	int number[ARRAY_SIZE(toa_kinds) + 1];
	unsigned int mask = 0, bit;
	const char *end;

	/* Old kernels write ranges past the end of the array. */
	if (strchr(val, '-'))
		return -EINVAL;
	end = get_options(val, ARRAY_SIZE(number), number);
	if (*end && strcmp(end, "\n"))
		return -EINVAL;
	for (bit = number[0]; bit && number[0]; number[0]--) {
		bit = toa_kind_bit(number[number[0]]);
		mask |= bit;
	}
	if (!bit)
		return -EINVAL;
	WRITE_ONCE(kinds, mask);
	return 0;
}

static int kinds_get(char *page, const struct kernel_param *kp)
{
	int i, len = 0;

	for (i = 0; i < ARRAY_SIZE(toa_kinds); i++)
		if (kinds & 1u << i)
			len += sprintf(page + len, ",%u" + !len, toa_kinds[i]);
	return len + sprintf(page + len, "\n");
}

static const struct kernel_param_ops kinds_param = {
	.set = kinds_set,
	.get = kinds_get,
};
module_param_cb(kinds, &kinds_param, NULL, 0644);
MODULE_PARM_DESC(kinds, "of 254,253,252,200,28");

/* --- who sends the option without being believed: /proc/net/toa_untrusted --- */

static struct sender {
	struct in6_addr addr;
	unsigned long count, last;
} senders[16];

/* For writers of all tables. Raw: a hook may run where PREEMPT_RT forbids to sleep. */
static DEFINE_RAW_SPINLOCK(lock);

static void note_sender(const struct in6_addr *addr)
{
	struct sender *s, *slot = senders;
	unsigned long flags;

	/* A stranger must not make others wait. */
	if (!raw_spin_trylock_irqsave(&lock, flags))
		return;
	for (s = senders; s < senders + ARRAY_SIZE(senders); s++)
		if (ipv6_addr_equal(&s->addr, addr))
			break;
		else if (time_before(s->last, slot->last))
			slot = s;
	if (s == senders + ARRAY_SIZE(senders)) {
		s = slot;
		s->addr = *addr;
		s->count = 0;
	}
	s->count++;
	s->last = jiffies;
	raw_spin_unlock_irqrestore(&lock, flags);
}

static int untrusted_show(struct seq_file *seq, void *unused)
{
	unsigned long flags;
	struct sender s;
	int i;

	for (i = 0; i < ARRAY_SIZE(senders); i++) {
		raw_spin_lock_irqsave(&lock, flags);
		s = senders[i];
		raw_spin_unlock_irqrestore(&lock, flags);
		if (!s.count)
			continue;
		show_address(seq, &s.addr);
		seq_printf(seq, " %lu %lu\n", s.count, (jiffies - s.last) / HZ);
	}
	return 0;
}

PROC_FILE(untrusted, NULL);

/* --- what is known of a connection: its mark, by socket --- */

#define MARK_BITS 15
#define MARKS_MAX (1 << 20)

struct mark {
	struct hlist_node node;
	struct rcu_head rcu;
	const struct sock *sk;	/* only ever compared */
	struct toa_option option;
};

static struct hlist_head marks[1 << MARK_BITS];
static atomic_t nr_marks;	/* 0 lets everybody pass after one read */

static struct hlist_head *mark_list(const struct sock *sk)
{
	return &marks[hash_ptr((void *)sk, MARK_BITS)];
}

/* Without any lock: who marked a socket, who names it and who ends it pass it on to each other. */
static bool may_be_marked(const struct sock *sk)
{
	return READ_ONCE(mark_list(sk)->first);
}

/* Under rcu_read_lock() or the lock. */
static struct mark *find_mark(const struct sock *sk)
{
	struct mark *m;

	hlist_for_each_entry_rcu(m, mark_list(sk), node)
		if (m->sk == sk)
			return m;
	return NULL;
}

/* Whether the mark can be told: IPV6_ADDRFORM may have made the socket IPv4. */
static bool is_marked(const struct sock *sk)
{
	const struct mark *m;
	bool marked;

	if (!may_be_marked(sk))
		return false;
	rcu_read_lock();
	m = find_mark(sk);
	marked = m && (!m->option.ipv6 || sk->sk_family == AF_INET6);
	rcu_read_unlock();
	return marked;
}

static bool set_mark(const struct sock *sk, const struct toa_option *option)
{
	struct mark *m = NULL;
	unsigned long flags;

	if (atomic_inc_return(&nr_marks) <= MARKS_MAX &&
	    (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible()))
		m = kmalloc(sizeof(*m), GFP_ATOMIC | __GFP_NOWARN);
	if (!m) {
		atomic_dec(&nr_marks);
		count(memory);
		return false;
	}
	m->sk = sk;
	m->option = *option;
	raw_spin_lock_irqsave(&lock, flags);
	hlist_add_head_rcu(&m->node, mark_list(sk));
	raw_spin_unlock_irqrestore(&lock, flags);
	return true;
}

static noinline void drop_mark(const struct sock *sk)
{
	unsigned long flags;
	struct mark *m;

	raw_spin_lock_irqsave(&lock, flags);
	m = find_mark(sk);
	if (m)
		hlist_del_rcu(&m->node);
	raw_spin_unlock_irqrestore(&lock, flags);
	if (m) {
		atomic_dec(&nr_marks);
		kfree_rcu(m, rcu);
	}
}

/* --- options that came on a SYN, until the connection is made --- */

#define SYN_SLOTS 4096
#define SYN_WAYS 4
#define SYN_LIFE (64 * HZ)	/* as long as a SYN-ACK is repeated by default */

/* Tells a SYN from all others. */
struct syn_id {
	struct in6_addr saddr, daddr;	/* IPv4 as ::ffff:a.b.c.d */
	struct net *net;
	u32 ports, seq;
};

static struct syn {
	u32 hash;
	struct syn_id id;
	unsigned long since;
	struct toa_option option;
} syns[SYN_SLOTS];
static u32 secret;
static unsigned long syn_until;	/* after it no remembered SYN is alive */

static void get_address(const struct sk_buff *skb, bool dest, struct in6_addr *addr)
{
	if (skb->protocol == htons(ETH_P_IPV6))
		*addr = dest ? ipv6_hdr(skb)->daddr : ipv6_hdr(skb)->saddr;
	else
		ipv6_addr_set_v4mapped(dest ? ip_hdr(skb)->daddr : ip_hdr(skb)->saddr, addr);
}

static u32 syn_hash(const struct sk_buff *skb, u32 seq)
{
	u32 saddr = (__force u32)(skb->protocol == htons(ETH_P_IPV6) ?
				  ipv6_hdr(skb)->saddr.s6_addr32[3] : ip_hdr(skb)->saddr);

	return jhash_3words(saddr, *(u32 *)tcp_hdr(skb), seq, secret);
}

/* Whether a SYN may be remembered. Without the lock: most connections end here. */
static bool syn_seen(u32 hash)
{
	u32 i;

	for (i = 0; i < SYN_WAYS; i++)
		if (READ_ONCE(syns[(hash + i) % SYN_SLOTS].hash) == hash)
			return true;
	return false;
}

/* Keeps the SYN's option in the place of the oldest of its set, or finds it. */
static bool syn_option(const struct sock *sk, const struct sk_buff *skb, u32 seq,
		       struct toa_option *option, bool keep)
{
	struct syn_id id = { .net = sock_net(sk), .ports = *(u32 *)tcp_hdr(skb), .seq = seq };
	struct syn *syn, *slot = NULL;
	u32 i, hash = syn_hash(skb, seq);
	bool found = false;
	unsigned long flags;

	if (!keep && !syn_seen(hash))
		return false;
	get_address(skb, false, &id.saddr);
	get_address(skb, true, &id.daddr);
	raw_spin_lock_irqsave(&lock, flags);
	for (i = 0; i < SYN_WAYS && !found; i++) {
		syn = &syns[(hash + i) % SYN_SLOTS];
		found = syn->hash == hash && !memcmp(&syn->id, &id, sizeof(id));
		if (!slot || found || time_before(syn->since, slot->since))
			slot = syn;
	}
	found = found && time_before(jiffies, slot->since + SYN_LIFE);
	if (keep)
		*slot = (struct syn){ hash, id, jiffies, *option };
	else
		*option = slot->option;
	raw_spin_unlock_irqrestore(&lock, flags);
	return found;
}

/* --- hooks --- */

#define HOOK(fn) \
	static notrace void fn(unsigned long ip, unsigned long parent, struct ftrace_ops *ops, \
			       struct ftrace_regs *regs)
#define ARG(n) ((void *)ftrace_regs_get_argument(regs, n))

/*
 * The segment's first option of ours, with @left bytes from it on; NULL: none.
 * Every connection passes here. Before anybody of ours is called, tcp_v4_rcv()
 * and its twin have made the options linear.
 */
static __always_inline const u8 *find_option(const struct sk_buff *skb, unsigned int *left)
{
	const u8 *p = skb_transport_header(skb) + sizeof(struct tcphdr);
	unsigned int len = tcp_optlen(skb), at;

	if (p + len > skb_tail_pointer(skb))
		return NULL;
	at = toa_find(p, len, READ_ONCE(kinds));
	*left = len - at;
	return at < len ? p + at : NULL;
}

/* Whether the option at @p is sound and its sender is believed. */
static bool read_option(const struct sk_buff *skb, const u8 *p, unsigned int left,
			struct toa_option *option)
{
	enum toa_verdict verdict = toa_decode(p, left, option);
	struct in6_addr saddr;

	get_address(skb, false, &saddr);
	if (!is_trusted(&saddr)) {
		count(untrusted);
		note_sender(&saddr);
		return false;
	}
	if (verdict == TOA_MALFORMED)
		count(malformed);
	return verdict == TOA_FOUND;
}

static noinline void keep_syn(const struct sock *sk, const struct sk_buff *skb, const u8 *p,
			      unsigned int left)
{
	struct toa_option option;

	if (!read_option(skb, p, left, &option))
		return;
	syn_option(sk, skb, ntohl(tcp_hdr(skb)->seq), &option, true);
	WRITE_ONCE(syn_until, jiffies + SYN_LIFE);
}

static bool syns_alive(void)
{
	return time_before(jiffies, READ_ONCE(syn_until));
}

/* @seq: the number of the SYN that made it; @p: an option of @skb with @left bytes from it on, or NULL. */
static noinline void mark_child(const struct sock *sk, const struct sk_buff *skb, u32 seq,
				const u8 *p, unsigned int left)
{
	struct toa_option option;
	bool found = (p && read_option(skb, p, left, &option)) ||
		     (syns_alive() && syn_option(sk, skb, seq, &option, false));

	if (found && option.ipv6 && sk->sk_family == AF_INET) {
		count(unsupported_family);
		found = false;
	}
	if (found && set_mark(sk, &option))
		count(syn_recv_sock_toa);
	else
		count(syn_recv_sock_no_toa);
}

/* The SYN with an option that this CPU is at; no other comes in between. */
static DEFINE_PER_CPU(const struct sk_buff *, present);

/* tcp_conn_request(rsk_ops, af_ops, sk, skb) */
HOOK(on_syn)
{
	const struct sk_buff *skb = ARG(3);
	unsigned int left;
	const u8 *p = find_option(skb, &left);

	this_cpu_write(present, (p ? skb : NULL));
	if (p)
		keep_syn(ARG(2), skb, p, left);
}

/* tcp_v4_conn_request(sk, skb) and tcp_v6_conn_request(sk, skb), before 3.17 */
HOOK(on_old_syn)
{
	const struct sk_buff *skb = ARG(1);
	unsigned int left;
	const u8 *p = find_option(skb, &left);

	if (p)
		keep_syn(ARG(0), skb, p, left);
}

/* tcp_child_process(parent, child, skb) */
HOOK(on_child)
{
	const struct sock *sk = ARG(1);
	const struct sk_buff *skb = ARG(2);
	unsigned int left;
	const u8 *p;

	/* Before 4.4 later segments pass here, too, if they came while the listener was busy. */
	if (sk->sk_state != TCP_SYN_RECV || rcu_access_pointer(tcp_sk(sk)->fastopen_rsk))
		return;
	p = find_option(skb, &left);
	if (p || syns_alive())
		mark_child(sk, skb, tcp_sk(sk)->rcv_nxt - 1, p, left);
	else
		count(syn_recv_sock_no_toa);
}

/*
 * inet_csk_reqsk_queue_add(sk, req, child): a Fast Open child is not finished by
 * tcp_child_process(): it is put on the accept queue by tcp_conn_request() itself.
 */
HOOK(on_queue)
{
	const struct sock *sk = ARG(2);
	const struct sk_buff *skb;

	if (sk->sk_protocol != IPPROTO_TCP || !rcu_access_pointer(tcp_sk(sk)->fastopen_rsk))
		return;
	skb = this_cpu_read(present);
	/* With PREEMPT_RT another SYN may have come in between. */
	if (skb && !IS_ENABLED(CONFIG_PREEMPT_RT))
		mark_child(sk, skb, ntohl(tcp_hdr(skb)->seq), NULL, 0);
	else
		count(syn_recv_sock_no_toa);
}

/* tcp_disconnect(sk, flags): the socket may be connected to somebody else next; tcp_v4_destroy_sock(sk) */
HOOK(on_end)
{
	if (may_be_marked(ARG(0)))
		drop_mark(ARG(0));
}

/* In place of inet_getname() and inet6_getname() for the peer of a marked socket. Must not sleep. */
static int marked_getname(struct socket *sock, struct sockaddr *name, long third, long fourth)
{
	const struct sock *sk = sock->sk;
	struct sockaddr_in *in = (void *)name;
	struct sockaddr_in6 *in6 = (void *)name;
	int peer = OLD_GETNAME ? fourth : third;
	const struct mark *m;
	int len = -ENOTCONN;

	rcu_read_lock();
	m = find_mark(sk);
	/* peer is 2 for accept(), which names a connection that is closed by now too. */
	if (m && (peer == 2 || sk->sk_state != TCP_CLOSE)) {
		if (m->option.ipv6 || sk->sk_family == AF_INET6) {
			len = sizeof(*in6);
			memset(in6, 0, len);
			in6->sin6_family = AF_INET6;
			memcpy(&in6->sin6_addr, m->option.addr, 16);
		} else {
			len = sizeof(*in);
			memset(in, 0, len);
			in->sin_family = AF_INET;
			memcpy(&in->sin_addr, m->option.addr + 12, 4);
		}
		memcpy(&in->sin_port, m->option.port, 2);
		if (!in->sin_port)
			in->sin_port = inet_sk(sk)->inet_dport;
	}
	rcu_read_unlock();
	if (len > 0)
		count(getname_toa_ok);
	else
		count(getname_toa_mismatch);
	if (!OLD_GETNAME || len < 0)
		return len;
	*(int *)third = len;
	return 0;
}

/* inet_getname(sock, uaddr, peer) */
HOOK(on_getname)
{
	const struct socket *sock = ARG(0);

	if (!atomic_read(&nr_marks))
		return;
	if (!(int)(uintptr_t)ARG(2 + OLD_GETNAME))
		count(getname_toa_bypass);
	else if (is_marked(sock->sk))
		ftrace_regs_set_instruction_pointer(regs, (unsigned long)marked_getname);
	else
		count(getname_toa_empty);
}

HOOK(on_beat)
{
	WRITE_ONCE(beats, beats + 1);
}

/*
 * Who removes marks and who reads them before who sets them. One function each: where memory is short,
 * ftrace leaves a name out of a filter and does not say so, and only an empty filter can be told.
 */
static struct hook {
	struct ftrace_ops ops;
	const char *fn;
	bool needed;
	u8 instead;	/* only where the function so many rows above is not there */
	bool set;
} hooks[] = {
	{ { .func = on_beat }, "toa_beat", true },
	{ { .func = on_end }, "tcp_disconnect", true },
	{ { .func = on_end }, "tcp_v4_destroy_sock", true },
	{ { .func = on_getname }, "inet_getname", true },
	{ { .func = on_getname }, "inet6_getname" },
	{ { .func = on_child }, "tcp_child_process", true },
	{ { .func = on_queue }, "inet_csk_reqsk_queue_add" },
	{ { .func = on_syn }, "tcp_conn_request" },
	{ { .func = on_old_syn }, "tcp_v4_conn_request", true, 1 },
	{ { .func = on_old_syn }, "tcp_v6_conn_request", false, 2 },
};

static struct {
	const char *name;
	umode_t mode;
	const struct proc_ops *ops;
	struct proc_dir_entry *entry;
} files[] = {
	{ "toa_stats", 0444, &stats_ops },
	{ "toa_trusted", 0600, &trusted_ops },
	{ "toa_untrusted", 0400, &untrusted_ops },
};

/* Undoes as much as was done, the other way round. */
static void toa_stop(void)
{
	struct hlist_node *next;
	struct mark *m;
	int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		proc_remove(files[i].entry);
	for (i = ARRAY_SIZE(hooks); i--;)
		if (hooks[i].set)
			unregister_ftrace_function(&hooks[i].ops);
	/* Somebody may be on the way into marked_getname() without having locked anything yet. */
	synchronize_rcu_tasks();
	synchronize_rcu();
	/*
	 * Frees the filters: ftrace_free_filter() is not exported everywhere. Not before: an empty
	 * filter matches every function, and ftrace does not always wait for who still looks at it.
	 */
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		ftrace_set_filter(&hooks[i].ops, NULL, 0, 1);
	for (i = 0; i < ARRAY_SIZE(marks); i++)
		hlist_for_each_entry_safe(m, next, &marks[i], node)
			kfree(m);
}

/* An empty filter, which matches every function, is never taken: our handlers rely on the arguments. */
static int set_filter(struct hook *hook)
{
	int err = ftrace_set_filter(&hook->ops, NULL, 0, 1);
	const void *empty = FILTER(&hook->ops);

	err = err ?: ftrace_set_filter(&hook->ops, (unsigned char *)hook->fn, strlen(hook->fn), 1);
	return err ?: FILTER(&hook->ops) == empty ? -ENOMEM : 0;
}

static int set_hook(struct hook *hook)
{
	int err = set_filter(hook);

	if (err == -EINVAL && !hook->needed)
		return 0;
	/* PERMANENT: nobody can switch the hooks off in silence with kernel.ftrace_enabled=0. */
	hook->ops.flags |= FTRACE_OPS_FL_PERMANENT;
	if (!IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))
		hook->ops.flags |= FTRACE_OPS_FL_SAVE_REGS;
	if (hook->ops.func == on_getname)
		hook->ops.flags |= FTRACE_OPS_FL_IPMODIFY;
	err = err ?: register_ftrace_function(&hook->ops);
	hook->set = !err;
	if (hook == hooks && !err && hooks_are_off())
		err = -EBUSY;
	if (err)
		pr_err("cannot hook %s (%d): %s\n", hook->fn, err,
		       err == -ENOMEM ? "no memory" :
		       err != -EBUSY ? "ftrace does not offer it" :
		       hook == hooks ? "kernel.ftrace_enabled is 0" :
		       "a livepatch or BPF program holds it");
	return err;
}

static int __init toa_start(void)
{
	struct hook *hook;
	char list[32];
	int i, err = 0;

	get_random_bytes(&secret, sizeof(secret));
	syn_until = jiffies;
	for (hook = hooks; !err && hook < hooks + ARRAY_SIZE(hooks); hook++)
		if (!hook->instead || !hook[-hook->instead].set)
			err = set_hook(hook);
	for (i = 0; !err && i < ARRAY_SIZE(files); i++) {
		files[i].entry = proc_create(files[i].name, files[i].mode, init_net.proc_net,
					     files[i].ops);
		if (!files[i].entry)
			err = -ENOMEM;
	}
	kinds_get(list, NULL);
	if (err)
		toa_stop();
	else
		pr_info("TOA " TOA_VERSION " loaded, %u trusted networks, kinds %s", nr_trusted(), list);
	return err;
}

static void __exit toa_exit(void)
{
	toa_stop();
	pr_info("TOA unloaded\n");
}

module_init(toa_start);
module_exit(toa_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("toa-bake");
MODULE_DESCRIPTION("client addresses from a TCP option");
MODULE_VERSION(TOA_VERSION);
/* inet6_getname() must be there to be hooked where IPv6 is a module. */
MODULE_SOFTDEP("pre: ipv6");
