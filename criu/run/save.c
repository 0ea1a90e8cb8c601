/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of a model, each into the file that images.def names. */
#include <stdio.h>
#include <time.h>
#include "arch/cpuinfo.h"
#include "base/log.h"
#include "cgroup/cgroups.h"
#include "base/progress.h"
#include "file/files.h"
#include "image/dir.h"
#include "kernel/lsm.h"
#include "ns/ns.h"
#include "options.h"
#include "run/dump.h"
#include "run/save.h"

static int save_task(struct dump *d, const struct task *t)
{
	unsigned long pid = leader(t)->pid;
	int err;

	for (size_t i = 0; i < t->n_threads; i++) {
		err = image_write_one(d->img_dir, IMG_CORE, t->threads[i].pid, &t->threads[i].core->base);
		if (err)
			return err;
	}
	if (!is_alive(t))
		return 0;
	err = image_write_one(d->img_dir, IMG_IDS, pid, &t->ids->base);
	if (!err)
		err = image_write_one(d->img_dir, IMG_MM, pid, &t->mm->base);
	if (!err)
		err = image_write_one(d->img_dir, IMG_FS, pid, &t->fs->base);
	return err;
}

static int save_pstree(struct dump *d)
{
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_PSTREE, 0);
	for (size_t i = 0; i < d->m.tasks.n; i++)
		image_put(&o, &d->m.tasks.v[i]->tree->base);
	return image_out_close(&o);
}

static Timespec *clock_value(struct dump *d, clockid_t id)
{
	Timespec *v = arena_msg(&d->m.arena, Timespec, timespec__init);
	struct timespec ts;

	clock_gettime(id, &ts);
	v->tv_sec = ts.tv_sec;
	v->tv_nsec = ts.tv_nsec;
	return v;
}

/* The host's clocks: a restore elsewhere can tell by how much they differ. */
static int save_clocks(struct dump *d)
{
	TimensEntry e = TIMENS_ENTRY__INIT;

	e.monotonic = clock_value(d, CLOCK_MONOTONIC);
	e.boottime = clock_value(d, CLOCK_BOOTTIME);
	return image_write_one(d->img_dir, IMG_TIMENS, 0, &e.base);
}

/* Only with --cpu-cap: then a restore that is called with it too compares. */
static int save_cpuinfo(struct dump *d)
{
	struct cpu_cap cap;
	int err = cpu_cap_parse(d->opt->cpu_cap, &cap);

	if (err || !cap.image)
		return err;
	return image_write_one(d->img_dir, IMG_CPUINFO, 0, &cpuinfo_scan(&d->m.arena)->base);
}

int save_records(struct dump *d)
{
	int err;

	progress_expect(d->m.tasks.n, PROGRESS_TASKS);
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		progress_set(i);
		err = save_task(d, d->m.tasks.v[i]);
		if (err)
			return err;
	}
	err = save_pstree(d);
	if (!err)
		err = files_save(d);
	if (!err)
		err = ns_save(d);
	if (!err)
		err = image_write_one(d->img_dir, IMG_SECCOMP, 0, &d->m.seccomp->base);
	if (!err)
		err = cgroups_save(d);
	if (!err)
		err = save_clocks(d);
	if (!err)
		err = save_cpuinfo(d);
	return err;
}

int save_inventory(struct dump *d)
{
	InventoryEntry *inv = d->m.inventory;

	inv->has_fdinfo_per_id = inv->fdinfo_per_id = true;
	inv->has_ns_per_id = inv->ns_per_id = true;
	inv->has_lsmtype = true;
	inv->lsmtype = lsm_active();
	inv->has_root_cg_set = true;
	inv->root_cg_set = 1;
	inv->has_network_lock_method = true;
	inv->network_lock_method = 2;	/* skip: no socket is in these images */
	inv->plugins_entry = arena_msg(&d->m.arena, PluginsEntry, plugins_entry__init);
	inv->dump_criu_run_id = (char *)d->run_id;
	return image_write_one(d->img_dir, IMG_INVENTORY, 0, &inv->base);
}
