/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/path.h: names under which files can be opened again */
#include "base/vec.h"
#include "file/ghost.h"
#include "file/kind.h"
#include "model/model.h"

/* A hard link made by the dump. */
struct remap_link {
	dev_t dev;
	ino_t ino;
	uint32_t id;			/* of its record */
	const char *path;
	int dir;			/* the directory that it was made in */
	int entry;			/* in the journal, -1 if the link was not made (dry run) */
};

/* What the kind of path files keeps beside its records. */
struct paths {
	VEC(struct ghost) ghosts;
	VEC(struct remap_link) links;
	VEC(struct stand_in) stand_ins;
	VEC(int) spent;			/* journal entries of a restore: links of the dump that it takes away at its end */
};

struct paths *paths_of(struct model *m);
/*
 * The name to store: the path if it leads to the file, else that of a ghost or link remap, which are made. Refuses
 * what cannot be reached.
 */
int path_scan(struct dump *d, const struct file_facts *f, char **ret_name) must_check;
/*
 * A name for what fd leads to, in dir: by the descriptor itself, which takes CAP_DAC_READ_SEARCH, and before Linux 6.10 the
 * first user namespace; else through /proc. 0 or a negative errno, not reported.
 */
int path_link(int fd, int dir, const char *name) must_check;
/* Takes link remaps back, unless the dump was committed. */
void links_release(struct dump *d);
