// SPDX-License-Identifier: GPL-2.0-only
/* Holds inet_getname() as a livepatch would: no second module may change where it goes. */
#include <linux/ftrace.h>
#include <linux/module.h>

static struct ftrace_ops ops = { .flags = FTRACE_OPS_FL_IPMODIFY };

/* Called without looking at its arguments, whose types differ between kernels. */
static notrace void leave_alone(void)
{
}

static int __init holder_start(void)
{
	static char name[] = "inet_getname";
	int err = ftrace_set_filter(&ops, name, sizeof(name) - 1, 1);

	ops.func = (void *)leave_alone;
	if (!IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))
		ops.flags |= FTRACE_OPS_FL_SAVE_REGS;
	return err ?: register_ftrace_function(&ops);
}

static void __exit holder_exit(void)
{
	unregister_ftrace_function(&ops);
	ftrace_set_filter(&ops, NULL, 0, 1);
}

module_init(holder_start);
module_exit(holder_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("toa-bake");
MODULE_DESCRIPTION("holds inet_getname for a test");
