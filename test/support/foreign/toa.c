// SPDX-License-Identifier: GPL-2.0-only
/* Somebody else's module of our name. It reads nothing; with busy=1 it cannot be unloaded. */
#include <linux/module.h>

static bool busy;
module_param(busy, bool, 0);

static int __init foreign_start(void)
{
	if (busy)
		__module_get(THIS_MODULE);
	return 0;
}

static void __exit foreign_exit(void)
{
}

module_init(foreign_start);
module_exit(foreign_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("toa-bake");
MODULE_DESCRIPTION("has our name, for a test");
