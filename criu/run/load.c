/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every record is read and checked before anything is made of it. */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>
#include "arch/cpuinfo.h"
#include "base/log.h"
#include "cgroup/cgroups.h"
#include "file/files.h"
#include "image/dir.h"
#include "mem/mem.h"
#include "ns/ns.h"
#include "options.h"
#include "run/load.h"
#include "run/restore.h"
#include "task/kind.h"
#include "task/pids.h"

static int load_inventory(struct restore *r)
{
	uint32_t v;
	int err;

	/* It is written last: what a user meets is another directory, or the rest of a dump that was not completed. */
	if (faccessat(r->img_dir, "inventory.img", F_OK, 0) < 0 && errno == ENOENT)
		return fail(ENOENT, "image inventory.img is missing: %s holds no snapshot; name the directory of one "
			    "with -D", r->img_path);
	err = image_read_one(&r->m.arena, r->img_dir, IMG_INVENTORY, 0, &r->m.inventory);
	if (err)
		return err;
	v = r->m.inventory->img_version;
	if (!v)
		return fail(EINVAL, "inventory.img: this is a pre-dump; only a full dump can be restored");
	if (v < IMG_VERSION_OLD || v > IMG_VERSION_EXTENDED)
		return fail(EINVAL, "inventory.img: image version %u is not supported (%d to %d are)", v, IMG_VERSION_OLD,
			    IMG_VERSION_EXTENDED);
	if (!r->m.inventory->has_fdinfo_per_id || !r->m.inventory->fdinfo_per_id)
		return fail(EINVAL, "inventory.img: images this old are not supported");
	return 0;
}

static int check_entry(const struct image_in *in, const struct model *m, const PstreeEntry *e)
{
	if (!e->pid || e->pid > INT_MAX || e->pgid > INT_MAX || e->sid > INT_MAX || e->ppid > INT_MAX)
		return image_bad(in, "impossible pid %u, group %u or session %u", e->pid, e->pgid, e->sid);
	/* The established tool leaves garbage there for zombies: load_core() asks again when the state is known. */
	if (!e->n_threads || (e->n_threads > 1 && e->threads[0] != e->pid))
		return image_bad(in, "the first thread of process %u is not its leader", e->pid);
	for (size_t i = 1; i < e->n_threads; i++)
		if (e->threads[i] <= 0 || e->threads[i] > INT_MAX)
			return image_bad(in, "impossible thread %u", e->threads[i]);
	if (model_task_by_pid(m, e->pid))
		return image_bad(in, "process %u is there twice", e->pid);
	if (m->tasks.n && !model_task_by_pid(m, e->ppid))
		return image_bad(in, "the parent %u of process %u does not come before it", e->ppid, e->pid);
	return 0;
}

static int load_pstree(struct restore *r)
{
	struct image_in in;
	PstreeEntry *e;
	int got;

	got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_PSTREE, 0);
	if (got)
		return got;
	while ((got = image_next(&in, &e)) > 0) {
		struct task *t;
		int err = check_entry(&in, &r->m, e);

		if (err)
			return err;
		t = model_task_add(&r->m, r->m.tasks.n ? model_task_by_pid(&r->m, e->ppid) : NULL, e->pid, e->pid);
		t->tree = e;
		t->restore = arena_new(&r->m.arena, struct restore_task);
		for (size_t i = 1; i < e->n_threads; i++)
			model_thread_add(&r->m, t, e->threads[i], e->threads[i]);
	}
	if (!got && !r->m.tasks.n)
		return fail(EINVAL, "%s: %s", in.name, in.exists ? "holds no process" : "is missing");
	return got;
}

static int load_core(struct restore *r, struct task *t, size_t i)
{
	struct thread *th = &t->threads[i];
	int err = image_read_one(&r->m.arena, r->img_dir, IMG_CORE, th->pid, &th->core);

	if (err)
		return err;
	if (th->core->mtype != CORE_ENTRY__MARCH__X86_64)
		return fail(EOPNOTSUPP, "core-%d.img: is of another architecture (%d)", th->pid, th->core->mtype);
	err = pids_load(th);
	if (err)
		return err;
	if (!i && !th->core->tc)
		return fail(EINVAL, "core-%d.img: has no task part", th->pid);
	if (!i) {
		t->state = th->core->tc->task_state;
		if (t->state < TASK_ALIVE || t->state > TASK_STOPPED)
			return fail(EINVAL, "core-%d.img: task state %d is unknown", th->pid, t->state);
	}
	if (is_alive(t) && t->tree->threads[0] != t->tree->pid)
		return fail(EINVAL, "pstree.img: the first thread of process %u is not its leader", t->tree->pid);
	if (is_alive(t) && (!th->core->thread_core || !th->core->thread_info || !th->core->thread_info->gpregs))
		return fail(EINVAL, "core-%d.img: has no thread part", th->pid);
	return 0;
}

static int load_task(struct restore *r, struct task *t)
{
	pid_t pid = leader(t)->pid;
	int err = 0;

	for (size_t i = 0; i < t->n_threads && !err; i++)
		err = load_core(r, t, i);
	if (err || !is_alive(t))
		return err;
	if (leader(t)->core->ids)
		t->ids = leader(t)->core->ids;	/* how older images have it */
	else
		err = image_read_one(&r->m.arena, r->img_dir, IMG_IDS, pid, &t->ids);
	if (!err)
		err = image_read_one(&r->m.arena, r->img_dir, IMG_FS, pid, &t->fs);
	if (!err)
		err = mem_load(&r->m, t, r->img_dir);
	return err;
}

static int load_seccomp(struct restore *r)
{
	struct image_in in;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_SECCOMP, 0);

	if (got)
		return got;
	r->m.seccomp = arena_msg(&r->m.arena, SeccompEntry, seccomp_entry__init);
	got = image_next(&in, &r->m.seccomp);
	return got < 0 ? got : 0;
}

/* Is this CPU good enough? Threads are looked at one by one later, whether there is cpuinfo.img or not. */
static int check_cpu(struct restore *r)
{
	CpuinfoEntry *there;
	struct cpu_cap cap;
	int err = cpu_cap_parse(r->opt->cpu_cap, &cap);

	if (err || !cap.image)
		return err;
	err = image_read_one(&r->m.arena, r->img_dir, IMG_CPUINFO, 0, &there);
	return err ? err : cpuinfo_check(there, cpuinfo_scan(&r->m.arena), &cap);
}

int load_model(struct restore *r)
{
	int err;

	err = load_inventory(r);
	if (!err)
		err = check_cpu(r);
	if (!err)
		err = load_pstree(r);
	if (!err)
		err = load_seccomp(r);
	for (size_t i = 0; i < r->m.tasks.n && !err; i++) {
		IN_SCOPE("task", leader(r->m.tasks.v[i])->pid);
		err = load_task(r, r->m.tasks.v[i]);
	}
	if (!err)
		err = cgroups_load(r);
	if (!err)
		err = ns_load(r);
	if (!err)
		err = files_load(&r->m, r->img_dir);
	for (size_t i = 0; i < r->m.tasks.n && !err; i++) {
		IN_SCOPE("task", leader(r->m.tasks.v[i])->pid);
		if (!is_alive(r->m.tasks.v[i]))
			continue;
		err = task_kinds_check(r->m.tasks.v[i]);
	}
	return err;
}
