/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshot in memory. */
#include "file/kind.h"
#include "model/model.h"

struct thread *model_thread_add(struct model *m, struct task *t, pid_t tid, pid_t tid_real)
{
	static const struct thread empty;
	/* The array is grown by doubling; nobody keeps pointers into it before the tree stands still. */
	size_t room = t->n_threads < 8 ? (t->n_threads ? 8 : 0) : t->n_threads;

	if (t->n_threads >= 8 && (t->n_threads & (t->n_threads - 1)))
		room = t->n_threads + 1;
	t->threads = vec_grow(&m->arena, t->threads, t->n_threads, &room, sizeof(*t->threads));
	struct thread *th = &t->threads[t->n_threads++];

	*th = empty;
	th->task = t;
	th->pid = tid;
	th->pid_real = tid_real;
	return th;
}

struct task *model_task_add(struct model *m, struct task *parent, pid_t pid, pid_t pid_real)
{
	struct task *t = arena_new(&m->arena, struct task);

	t->parent = parent;
	t->index = m->tasks.n;
	t->state = TASK_ALIVE;
	model_thread_add(m, t, pid, pid_real);
	vec_push(&m->arena, &m->tasks, t);
	return t;
}

struct task *model_task_by_pid(const struct model *m, pid_t pid)
{
	for (size_t i = 0; i < m->tasks.n; i++)
		if (leader(m->tasks.v[i])->pid == pid)
			return m->tasks.v[i];
	return NULL;
}

struct task *model_task_by_real(const struct model *m, pid_t pid_real)
{
	for (size_t i = 0; i < m->tasks.n; i++)
		if (leader(m->tasks.v[i])->pid_real == pid_real)
			return m->tasks.v[i];
	return NULL;
}

struct thread *model_thread_by_real(const struct model *m, pid_t tid_real)
{
	for (size_t i = 0; i < m->tasks.n; i++)
		for (size_t n = 0; n < m->tasks.v[i]->n_threads; n++)
			if (m->tasks.v[i]->threads[n].pid_real == tid_real)
				return &m->tasks.v[i]->threads[n];
	return NULL;
}

struct file *model_file(const struct model *m, uint32_t id)
{
	/* Our own dumps number files from 1 in order; others may not. */
	if (id && id <= m->files.n && m->files.v[id - 1].entry->id == id)
		return &m->files.v[id - 1];
	for (size_t i = 0; i < m->files.n; i++)
		if (m->files.v[i].entry->id == id)
			return &m->files.v[i];
	return NULL;
}

struct file *model_file_add(struct model *m, const struct file_kind *kind)
{
	struct file f = { .kind = kind };

	f.entry = arena_msg(&m->arena, FileEntry, file_entry__init);
	f.entry->id = m->files.n + 1;
	f.entry->type = kind->type;
	f.rec = arena_alloc(&m->arena, kind->record->sizeof_message);
	protobuf_c_message_init(kind->record, f.rec);
	vec_push(&m->arena, &m->files, f);
	return &m->files.v[m->files.n - 1];
}

RemapFilePathEntry *model_remap(const struct model *m, uint32_t file_id)
{
	for (size_t i = 0; i < m->remaps.n; i++)
		if (m->remaps.v[i]->orig_id == file_id)
			return m->remaps.v[i];
	return NULL;
}
