// SPDX-License-Identifier: MIT
/* A module as the kernel's build would leave it, as far as files show; the compiler is told what it says of itself. */

#ifndef NAME
#define NAME "toa"
#endif
#ifndef IMPORT
#define IMPORT register_ftrace_function
#endif
#ifdef NO_LIST
#define LIST
#else
#define LIST "parmtype=trusted:string\0"
#endif

struct version {
	unsigned long crc;
	char name[56];
};

__attribute__((section("__versions"))) struct version versions[] = {
	{ 0x11111111, "module_layout" },
	{ 0x22222222, "register_ftrace_function" },
};

__attribute__((section(".modinfo"))) const char info[] =
	"license=GPL\0version=0.1.0\0name=" NAME "\0parmtype=kinds:string\0" LIST
	"vermagic=" RELEASE " SMP preempt mod_unload ";

extern int IMPORT(void);

int start(void)
{
	return IMPORT();
}

#ifdef LOOKS_UP
const char *table(void)
{
	return LOOKS_UP;
}
#endif
