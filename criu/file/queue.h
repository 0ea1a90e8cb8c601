/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/queue.h: what is in a pipe or FIFO */
#include "base/map.h"
#include "base/vec.h"
#include "image/dir.h"
#include "file/kind.h"
#include "pipe-data.pb-c.h"

struct dump;
struct model;

/* A pipe of the tool's own, empty between two uses; ends are -1 before the first. */
struct scratch_pipe {
	int end[2];
	uint32_t size;
};

struct pipe_queue {
	struct scratch_pipe *scratch;	/* one for all of a kind */
	PipeDataEntry *entry;
	const void *data;

	/* While dumping: which ends the tree has, and what poll proves of the others. */
	bool is_read;			/* entry and data say what is in it */
	bool has_reader, has_writer;
	bool is_hung_up;		/* a read end saw POLLHUP: there is no writer anywhere */
	bool is_broken;			/* a write end saw POLLERR: there is no reader anywhere */
	bool is_refused;

	/* In the task that makes it. */
	int spare[2];			/* read and write end that no descriptor has taken yet, or -1 */
	uint32_t made_id;		/* a file of it that is in place, or 0 */
};

struct pipe_queues {
	VEC(struct pipe_queue *) list;
	struct map by_id;		/* to number + 1 */
	struct scratch_pipe scratch;	/* making one for each would take a tenth of the dump of 500 pipes */
};

/* The queue of a kind with this id, made empty on first use. */
struct pipe_queue *pipe_queue_of(struct model *m, const struct file_kind *kind, uint32_t pipe_id);
/* Notes what an open end (flags as in fdinfo, fd a copy) tells, and reads what is in it unless that is done. */
int pipe_queue_scan(struct dump *d, struct pipe_queue *q, int fd, uint32_t flags) must_check;
/* After the last scan: closes what was opened for it. */
void pipe_queues_release(struct dump *d, const struct file_kind *kind);
/* All of a kind to and from one image. */
int pipe_queues_save(struct dump *d, const struct file_kind *kind, enum image_type type) must_check;
int pipe_queues_load(struct model *m, const struct file_kind *kind, int img_dir, enum image_type type) must_check;
/* Size and content into an empty pipe; fd can be written to and is O_NONBLOCK. */
int pipe_queue_fill(const struct pipe_queue *q, int fd) must_check;
