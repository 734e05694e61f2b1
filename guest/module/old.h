/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernels before 5.10 lack. It need not be there for later ones. The HAVE_
 * macros come from the Makefile, for what the preprocessor cannot see.
 */

/* 5.6 */
#ifndef HAVE_PROC_OPS
#define proc_ops file_operations
#define proc_open open
#define proc_read read
#define proc_write write
#define proc_lseek llseek
#define proc_release release
#endif

/* 5.5: without it a later kernel.ftrace_enabled=0 is not refused, only shown as hooks_off. */
#ifndef HAVE_FTRACE_OPS_FL_PERMANENT
#define FTRACE_OPS_FL_PERMANENT 0
#endif

/* 3.19: before, nobody kept two users from changing the same function's instruction pointer. */
#ifndef HAVE_FTRACE_OPS_FL_IPMODIFY
#define FTRACE_OPS_FL_IPMODIFY 0
#endif

/* 3.19 */
#ifndef READ_ONCE
#define READ_ONCE(x) ACCESS_ONCE(x)
#define WRITE_ONCE(x, value) (ACCESS_ONCE(x) = (value))
#endif

/* 3.18 */
#ifndef HAVE_FTRACE_OPS_HASH
#define FILTER(ops) ((void *)(ops)->filter_hash)
#endif

/* 3.18, a function where CONFIG_TASKS_RCU is set. */
#if !defined(CONFIG_TASKS_RCU) && !defined(synchronize_rcu_tasks)
#ifdef CONFIG_PREEMPT
#error toa: before 3.18 no preemptible kernel can unload it safely
#endif
#define synchronize_rcu_tasks synchronize_sched
#endif

/* 3.13 */
#ifndef MODULE_SOFTDEP
#define MODULE_SOFTDEP(list)
#endif

/* Before 4.17 getname() takes a pointer to the length as its third argument, and "peer" is the fourth. */
#define OLD_GETNAME __builtin_types_compatible_p(					\
	__typeof__(((struct proto_ops *)NULL)->getname),				\
	int (*)(struct socket *, struct sockaddr *, int *, int))

#if !defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS) && !defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#error toa: ftrace of this kernel does not hand over registers (CONFIG_DYNAMIC_FTRACE_WITH_REGS)
#endif
