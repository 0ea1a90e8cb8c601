/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/own.h: the owner's scope closes what it owns */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void own_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void own_free(void *p)
{
	free(*(void **)p);
}

static inline void own_close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define auto_fd		__attribute__((cleanup(own_close_fd)))
#define auto_free	__attribute__((cleanup(own_free)))
#define auto_dir	__attribute__((cleanup(own_close_dir)))

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define take_ptr(p) ({ __typeof__(*(p)) take_taken = *(p); *(p) = NULL; take_taken; })
