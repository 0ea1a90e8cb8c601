/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipc/sem.c of the kernel:
 *
 *	task_struct.sysvsem.undo_list -> sem_undo_list.list_proc <-> sem_undo.list_proc <-> sem_undo.list_proc ...
 *	                                                             semid, semadj[]
 *
 * Before Linux 5.17 semadj is a pointer behind which the values are; the iterator that we use is younger.
 */
#include <errno.h>
#include <unistd.h>
#include "kernel/btf.h"
#include "ipc/undo_list.h"

enum { MAX_RECORDS = 1 << 20 };

enum { TASK_SEM, SEM_LIST, LIST_PROC, UNDO_PROC, UNDO_ID, UNDO_VALUES };

/* Found once, because it is the kernel that runs. */
static struct btf_field fields[] = {
	[TASK_SEM] = { .type = "task_struct", .member = "sysvsem" },
	[SEM_LIST] = { .type = "sysv_sem", .member = "undo_list" },
	[LIST_PROC] = { .type = "sem_undo_list", .member = "list_proc" },
	[UNDO_PROC] = { .type = "sem_undo", .member = "list_proc" },
	[UNDO_ID] = { .type = "sem_undo", .member = "semid" },
	[UNDO_VALUES] = { .type = "sem_undo", .member = "semadj" },
};

static int reader_open(struct undo_reader *r)
{
	uint32_t iter;

	if (r->is_open || r->err)
		return r->err;
	r->err = btf_find(fields, array_size(fields), "bpf_iter_task", &iter);
	if (r->err)
		return r->err;
	r->is_open = true;
	r->err = peek_open(&r->peek, iter);
	return r->err;
}

void undo_reader_close(struct undo_reader *r)
{
	if (r->is_open)
		peek_close(&r->peek);
	r->is_open = false;
}

static int read_pointer(struct undo_reader *r, uint64_t at, uint64_t *ret)
{
	int err = peek_read(&r->peek, at, ret, sizeof(*ret));

	return err ? err : *ret ? 0 : -EFAULT;
}

int undo_reader_probe(struct undo_reader *r)
{
	uint64_t task;

	return reader_open(r) ?: peek_task(&r->peek, gettid(), &task);
}

int undo_list_open(struct undo_reader *r, pid_t tid, uint64_t *ret_list)
{
	uint64_t task;
	int err = reader_open(r);

	if (!err)
		err = peek_task(&r->peek, tid, &task);
	if (!err)
		err = read_pointer(r, task + fields[TASK_SEM].offset + fields[SEM_LIST].offset, ret_list);
	if (err)
		return err;
	r->head = *ret_list + fields[LIST_PROC].offset;
	r->n = 0;
	return read_pointer(r, r->head, &r->at);
}

int undo_list_next(struct undo_reader *r, uint64_t *ret_record, int *ret_id)
{
	while (r->at != r->head && r->n++ < MAX_RECORDS) {
		int err;

		*ret_record = r->at - fields[UNDO_PROC].offset;
		err = peek_read(&r->peek, *ret_record + fields[UNDO_ID].offset, ret_id, sizeof(*ret_id));
		if (!err)
			err = read_pointer(r, r->at, &r->at);
		if (err)
			return err;
		if (*ret_id >= 0)	/* -1: the set was removed */
			return 1;
	}
	return r->at == r->head ? 0 : -ELOOP;
}

int undo_list_values(struct undo_reader *r, uint64_t record, size_t n, int16_t *ret)
{
	enum { AT_ONCE = PEEK_MAX / sizeof(*ret) };
	uint64_t from = record + fields[UNDO_VALUES].offset;
	int err = 0;

	for (size_t i = 0; i < n && !err; i += AT_ONCE)
		err = peek_read(&r->peek, from + i * sizeof(*ret), ret + i,
				(n - i < AT_ONCE ? n - i : AT_ONCE) * sizeof(*ret));
	return err;
}
