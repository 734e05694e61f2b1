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

#include <linux/bsearch.h>
#include <linux/ftrace.h>
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "option.h"

#define TOA_VERSION "0.1.0"

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
	X(memory)

#define ROW_ID(row) ROW_##row,
#define ROW_NAME(row) #row,

enum { ROWS(ROW_ID) NR_ROWS };

static DEFINE_PER_CPU(unsigned long[NR_ROWS], rows);

#define count(row) this_cpu_inc(rows[ROW_##row])

static int stats_show(struct seq_file *seq, void *unused)
{
	static const char * const names[] = { ROWS(ROW_NAME) };
	int row, cpu;

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

/* --- whose option is believed: trusted=, /proc/net/toa_trusted --- */

#define LIST_MAX (1 << 20)	/* bytes of text in one write */

struct network {
	struct in6_addr addr;	/* IPv4 as ::ffff:a.b.c.d */
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
static struct trust __rcu *trust = RCU_INITIALIZER(&nobody);

static void free_trust(struct trust *t)
{
	if (t != &nobody)
		vfree(t);
}

/* Is the address at @a in the network at @b? If not, on which side of it? */
static int compare_address(const void *a, const void *b)
{
	const struct network *net = b;

	return ipv6_prefix_equal(a, &net->addr, net->plen) ? 0 : memcmp(a, &net->addr, 16);
}

static bool is_trusted(const struct in6_addr *addr)
{
	const struct trust *t;
	bool found;

	rcu_read_lock();
	t = rcu_dereference(trust);
	found = bsearch(addr, t->net, t->n, sizeof(*t->net), compare_address);
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
	char *addr = strsep(&text, "/");
	struct in6_addr prefix;
	u8 bits = 128;
	__be32 v4;

	if (!text && !strcmp(addr, "any"))
		return 0;
	if (in4_pton(addr, -1, (u8 *)&v4, -1, NULL)) {
		ipv6_addr_set_v4mapped(v4, &net->addr);
		bits = 32;
	} else if (!in6_pton(addr, -1, net->addr.s6_addr, -1, NULL)) {
		return -EINVAL;
	}
	net->plen = bits;
	if (text && (*text == '+' || kstrtou8(text, 10, &net->plen) || net->plen > bits))
		return -EINVAL;
	net->plen += 128 - bits;
	ipv6_addr_prefix(&prefix, &net->addr, net->plen);
	if (!ipv6_addr_equal(&prefix, &net->addr))
		return -EINVAL;
	/* An IPv6 network must not let all of IPv4 in by the way: who wants that says "any". */
	return net->plen >= 96 || memchr_inv(&net->addr, 0, 10) ? 0 : -EINVAL;
}

static int compare_networks(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct network));
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
			if (last && ipv6_prefix_equal(&last->addr, &net->addr, last->plen))
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

static int trusted_show(struct seq_file *seq, void *unused)
{
	const struct network *net;
	const struct trust *t;

	rcu_read_lock();
	t = rcu_dereference(trust);
	for (net = t->net; net < t->net + t->n; net++)
		if (!net->plen)
			seq_puts(seq, "any\n");
		else if (ipv6_addr_v4mapped(&net->addr))
			seq_printf(seq, "%pI4/%u\n", &net->addr.s6_addr32[3], net->plen - 96);
		else
			seq_printf(seq, "%pI6c/%u\n", &net->addr, net->plen);
	rcu_read_unlock();
	return 0;
}

static int trusted_open(struct inode *inode, struct file *file)
{
	return single_open(file, trusted_show, NULL);
}

static ssize_t trusted_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	char *text = *pos || len > LIST_MAX ? ERR_PTR(-EINVAL) : memdup_user_nul(from, len);
	int err = -EINVAL;

	if (IS_ERR(text))
		return PTR_ERR(text);
	/* Tools that copy in pieces end a piece anywhere: half a network must not be believed. */
	if (strlen(text) == len && (len < PAGE_SIZE || text[len - 1] == '\n'))
		err = set_trust(text);
	kfree(text);
	*pos = len;
	return err ?: len;
}

static const struct proc_ops trusted_ops = {
	.proc_open = trusted_open,
	.proc_read = seq_read,
	.proc_write = trusted_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static int trusted_set(const char *val, const struct kernel_param *kp)
{
	char *text = kstrdup(val, GFP_KERNEL);
	int err = text ? set_trust(text) : -ENOMEM;

	kfree(text);
	return err;
}

static int trusted_get(char *page, const struct kernel_param *kp)
{
	struct seq_file seq = { .buf = page, .size = PAGE_SIZE };

	trusted_show(&seq, NULL);
	if (seq_has_overflowed(&seq))
		return sprintf(page, "%u networks, see /proc/net/toa_trusted\n", nr_trusted());
	/* One line: the last line's end stays, and an empty list is an empty line. */
	page[seq.count] = '\0';
	strreplace(page, '\n', ',');
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
	const char *end = get_options(val, ARRAY_SIZE(number), number);
	unsigned int mask = 0, bit = number[0];

	if (*end && strcmp(end, "\n"))
		return -EINVAL;
	for (; bit && number[0]; number[0]--) {
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

/* For writers of both tables. Raw: a hook may run where PREEMPT_RT forbids to sleep. */
static DEFINE_RAW_SPINLOCK(lock);

static struct hlist_head *mark_list(const struct sock *sk)
{
	return &marks[hash_ptr((void *)sk, MARK_BITS)];
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

/* Probe of the tracepoint tcp_destroy_sock. */
static void drop_mark(void *unused, struct sock *sk)
{
	unsigned long flags;
	struct mark *m;

	if (!atomic_read(&nr_marks))
		return;
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

static struct syn {
	u64 key;
	unsigned long since;
	struct toa_option option;
} syns[SYN_SLOTS];
static siphash_key_t secret;
static unsigned long syn_until;	/* after it no remembered SYN is alive */

/* Tells a SYN from all others: its namespace, addresses, ports and sequence number. */
static u64 syn_key(const struct sk_buff *skb, const struct sock *sk, u32 isn)
{
	u64 pair = skb->protocol == htons(ETH_P_IPV6) ?
		   siphash(&ipv6_hdr(skb)->saddr, 32, &secret) :
		   siphash(&ip_hdr(skb)->saddr, 8, &secret);

	return siphash_4u64(pair, *(u32 *)tcp_hdr(skb), isn, (uintptr_t)sock_net(sk), &secret);
}

/* Keeps the SYN's option in the place of the oldest of its set, or finds it. */
static bool syn_option(u64 key, struct toa_option *option, bool keep)
{
	struct syn *syn, *slot = &syns[key % SYN_SLOTS];
	unsigned long flags;
	bool found;
	int i;

	raw_spin_lock_irqsave(&lock, flags);
	for (i = 1; i < SYN_WAYS && slot->key != key; i++) {
		syn = &syns[(key + i) % SYN_SLOTS];
		if (syn->key == key || time_before(syn->since, slot->since))
			slot = syn;
	}
	found = slot->key == key && time_before(jiffies, slot->since + SYN_LIFE);
	if (keep)
		*slot = (struct syn){ key, jiffies, *option };
	else
		*option = slot->option;
	raw_spin_unlock_irqrestore(&lock, flags);
	return found;
}

/* --- hooks --- */

/* 6.2 and later have ftrace_regs_get_argument(), as a macro or, on arm64, as a function. */
#if !defined(ftrace_regs_get_argument) && \
	!(defined(CONFIG_ARM64) && defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))
#ifdef ftrace_instruction_pointer_set
#define PT(fregs) (&(fregs)->regs)
#else
/* Before 5.11 */
#define ftrace_regs pt_regs
#define PT(regs) regs
#endif
#define ftrace_regs_get_argument(regs, n) regs_get_kernel_argument(PT(regs), n)
#define ftrace_regs_set_instruction_pointer(regs, ip) instruction_pointer_set(PT(regs), ip)
#endif

#define HOOK(fn) \
	static void fn(unsigned long ip, unsigned long parent, struct ftrace_ops *ops, \
		       struct ftrace_regs *regs)
#define ARG(n) ((void *)ftrace_regs_get_argument(regs, n))

/* The segment's option, if it has one that is sound and its sender is believed. */
static bool read_option(const struct sk_buff *skb, struct toa_option *option)
{
	u8 copy[MAX_TCP_OPTION_SPACE];
	enum toa_verdict verdict;
	struct in6_addr saddr;
	int len = tcp_optlen(skb);
	const u8 *p = skb_header_pointer(skb, skb_transport_offset(skb) + sizeof(struct tcphdr),
					 len, copy);

	verdict = p ? toa_parse(p, len, READ_ONCE(kinds), option) : TOA_NONE;
	if (verdict == TOA_NONE)
		return false;
	if (skb->protocol == htons(ETH_P_IPV6))
		saddr = ipv6_hdr(skb)->saddr;
	else
		ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, &saddr);
	if (!is_trusted(&saddr))
		count(untrusted);
	else if (verdict == TOA_MALFORMED)
		count(malformed);
	else
		return true;
	return false;
}

/* tcp_conn_request(rsk_ops, af_ops, sk, skb) */
HOOK(on_syn)
{
	const struct sk_buff *skb = ARG(3);
	struct toa_option option;

	if (!read_option(skb, &option))
		return;
	syn_option(syn_key(skb, ARG(2), ntohl(tcp_hdr(skb)->seq)), &option, true);
	WRITE_ONCE(syn_until, jiffies + SYN_LIFE);
}

/* tcp_child_process(parent, child, skb) */
HOOK(on_child)
{
	const struct sock *sk = ARG(1);
	const struct sk_buff *skb = ARG(2);
	struct toa_option option;
	bool found = read_option(skb, &option) ||
		     (time_before(jiffies, READ_ONCE(syn_until)) &&
		      syn_option(syn_key(skb, sk, tcp_sk(sk)->rcv_nxt - 1), &option, false));

	if (found && option.ipv6 && sk->sk_family == AF_INET) {
		count(unsupported_family);
		found = false;
	}
	if (found && set_mark(sk, &option))
		count(syn_recv_sock_toa);
	else
		count(syn_recv_sock_no_toa);
}

/* tcp_disconnect(sk, flags): the socket may be connected to somebody else next. */
HOOK(on_disconnect)
{
	drop_mark(NULL, ARG(0));
}

/* In place of inet_getname() and inet6_getname() for the peer of a marked socket. Must not sleep. */
static int marked_getname(struct socket *sock, struct sockaddr *name, int peer)
{
	const struct sock *sk = sock->sk;
	struct sockaddr_in *in = (void *)name;
	struct sockaddr_in6 *in6 = (void *)name;
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
	return len;
}

/* inet_getname(sock, uaddr, peer) */
HOOK(on_getname)
{
	const struct socket *sock = ARG(0);

	if (!atomic_read(&nr_marks))
		return;
	if (!(int)(uintptr_t)ARG(2))
		count(getname_toa_bypass);
	else if (is_marked(sock->sk))
		ftrace_regs_set_instruction_pointer(regs, (unsigned long)marked_getname);
	else
		count(getname_toa_empty);
}

/* Who removes marks and who reads them before who sets them. */
static struct hook {
	char name[20];
	struct ftrace_ops ops;
} hooks[] = {
	{ "tcp_disconnect", { .func = on_disconnect } },
	{ "inet_getname", { .func = on_getname } },
	{ "inet6_getname", { .func = on_getname } },
	{ "tcp_child_process", { .func = on_child } },
	{ "tcp_conn_request", { .func = on_syn } },
};

static struct tracepoint *destroy_sock;
static struct proc_dir_entry *proc_stats, *proc_trusted;

static void find_tracepoint(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "tcp_destroy_sock") &&
	    !tracepoint_probe_register(tp, drop_mark, NULL))
		destroy_sock = tp;
}

/* Undoes as much as was done, the other way round. */
static void toa_stop(void)
{
	struct hlist_node *next;
	struct mark *m;
	int i;

	proc_remove(proc_trusted);
	proc_remove(proc_stats);
	for (i = ARRAY_SIZE(hooks); i--;) {
		if (hooks[i].ops.flags & FTRACE_OPS_FL_ENABLED)
			unregister_ftrace_function(&hooks[i].ops);
		/* Frees the filter: ftrace_free_filter() is not exported everywhere. */
		ftrace_set_filter(&hooks[i].ops, NULL, 0, 1);
	}
	if (destroy_sock)
		tracepoint_probe_unregister(destroy_sock, drop_mark, NULL);
	tracepoint_synchronize_unregister();
	/* Somebody may be on the way into marked_getname() without having locked anything yet. */
	synchronize_rcu_tasks();
	synchronize_rcu();
	for (i = 0; i < ARRAY_SIZE(marks); i++)
		hlist_for_each_entry_safe(m, next, &marks[i], node)
			kfree(m);
}

static int set_hook(struct hook *hook)
{
	int err = ftrace_set_filter(&hook->ops, hook->name, strlen(hook->name), 1);

	/* A kernel without IPv6 has no IPv6 sockets. */
	if (err == -EINVAL && !strcmp(hook->name, "inet6_getname"))
		return 0;
	/* PERMANENT: nobody can switch the hooks off in silence with kernel.ftrace_enabled=0. */
	hook->ops.flags |= FTRACE_OPS_FL_PERMANENT;
	if (!IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))
		hook->ops.flags |= FTRACE_OPS_FL_SAVE_REGS;
	if (hook->ops.func == on_getname)
		hook->ops.flags |= FTRACE_OPS_FL_IPMODIFY;
	err = err ?: register_ftrace_function(&hook->ops);
	if (err)
		pr_err("cannot hook %s: %s\n", hook->name, err == -EBUSY ?
		       "kernel.ftrace_enabled is 0 or a livepatch or BPF program holds it" :
		       "not offered by ftrace");
	return err;
}

static int __init toa_start(void)
{
	char list[32];
	int i, err;

	get_random_bytes(&secret, sizeof(secret));
	syn_until = jiffies;
	for_each_kernel_tracepoint(find_tracepoint, NULL);
	proc_stats = proc_create_single("toa_stats", 0444, init_net.proc_net, stats_show);
	proc_trusted = proc_create("toa_trusted", 0600, init_net.proc_net, &trusted_ops);
	err = destroy_sock && proc_stats && proc_trusted ? 0 : -ENOMEM;
	if (err)
		pr_err("no tracepoint tcp_destroy_sock or no memory\n");
	for (i = 0; !err && i < ARRAY_SIZE(hooks); i++)
		err = set_hook(&hooks[i]);
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
