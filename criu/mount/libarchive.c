/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding libarchive. */
#include <dlfcn.h>
#include <stdbool.h>
#include "base/log.h"
#include "mount/libarchive.h"

int libarchive_get(const struct libarchive **ret)
{
	/* Remembered because a library is loaded once in a process. */
	static struct libarchive lib;
	static bool is_loaded;
	void *handle;

	*ret = &lib;
	if (is_loaded)
		return 0;
	handle = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return fail(ENOENT, "the contents of a tmpfs need libarchive: %s", dlerror());
#define FIND(name) \
	lib.name = (__typeof__(lib.name))dlsym(handle, #name); \
	if (!lib.name) \
		return fail(ENOSYS, "this libarchive has no " #name);
	LIBARCHIVE(FIND)
#undef FIND
	is_loaded = true;
	return 0;
}
