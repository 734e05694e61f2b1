// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does on load one thing that the kernel's checkers must report: what they
 * are silent about elsewhere is only worth something if they speak here.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *fault = "";
module_param(fault, charp, 0);

static DEFINE_SPINLOCK(one);
static DEFINE_SPINLOCK(other);
static int __rcu *shared;

static void read_behind_the_end(void)
{
	char *room = kmalloc(24, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(room);
	if (room)
		pr_info("%d\n", room[24]);
	kfree(room);
}

static void read_what_is_freed(void)
{
	char *room = kmalloc(24, GFP_KERNEL);

	kfree(room);
	OPTIMIZER_HIDE_VAR(room);
	if (room)
		pr_info("%d\n", *room);
}

static void leak(void)
{
	int i;

	for (i = 0; i < 10; i++)
		kmalloc(100, GFP_KERNEL);
}

static void sleep_under_a_lock(void)
{
	spin_lock(&one);
	msleep(20);
	spin_unlock(&one);
}

static void lock_in_both_orders(void)
{
	spin_lock(&one);
	spin_lock(&other);
	spin_unlock(&other);
	spin_unlock(&one);
	spin_lock(&other);
	spin_lock(&one);
	spin_unlock(&one);
	spin_unlock(&other);
}

static void read_without_rcu(void)
{
	pr_info("%p\n", rcu_dereference(shared));
}

static void write_to_nowhere(void)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "behind", read_behind_the_end },
	{ "freed", read_what_is_freed },
	{ "leak", leak },
	{ "sleep", sleep_under_a_lock },
	{ "order", lock_in_both_orders },
	{ "rcu", read_without_rcu },
	{ "oops", write_to_nowhere },
};

static int __init faulty_start(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(faults[i].name, fault))
			faults[i].commit();
	return 0;
}

static void __exit faulty_exit(void)
{
}

module_init(faulty_start);
module_exit(faulty_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("one mistake at a time");
