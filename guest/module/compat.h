/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels. Told by what their headers have, never by a
 * version number: distributions carry changes back.
 */

#ifdef TOA_OLD
#include "old.h"
#else
#define OLD_GETNAME 0
#endif

/* What of struct ftrace_ops says whether a filter is empty. */
#ifndef FILTER
#define FILTER(ops) ((__force void *)(ops)->local_hash.filter_hash)
#endif

/* 6.2: a macro or, on arm64, a function. Before, all registers are saved for us. */
#if !defined(ftrace_regs_get_argument) && \
	!(defined(CONFIG_ARM64) && defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))
#ifdef ftrace_instruction_pointer_set
#define PT(fregs) (&(fregs)->regs)
#else
/* Before 5.11 */
#define ftrace_regs pt_regs
#define PT(regs) regs
#endif
#if defined(CONFIG_X86_64)
#define ftrace_regs_get_argument(regs, n) ((n) == 0 ? PT(regs)->di : (n) == 1 ? PT(regs)->si : \
					   (n) == 2 ? PT(regs)->dx : PT(regs)->cx)
#elif defined(CONFIG_ARM64)
#define ftrace_regs_get_argument(regs, n) (PT(regs)->regs[n])
#else
#error toa: x86-64 and arm64 only
#endif
#define ftrace_regs_set_instruction_pointer(regs, ip) instruction_pointer_set(PT(regs), ip)
#endif
