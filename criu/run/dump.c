/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dump, as the order of its stages. */
#include <fcntl.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "cgroup/cgroups.h"
#include "base/progress.h"
#include "file/files.h"
#include "image/ahead.h"
#include "image/dir.h"
#include "image/drop.h"
#include "ipc/attached.h"
#include "mem/mapped.h"
#include "mem/mem.h"
#include "net/hold.h"
#include "ns/ns.h"
#include "options.h"
#include "run/cancel.h"
#include "run/dump.h"
#include "run/dump_run.h"
#include "run/journal.h"
#include "run/save.h"
#include "run/script.h"
#include "run/stage.h"
#include "task/inside.h"
#include "task/kind.h"
#include "task/owner.h"
#include "task/record.h"
#include "task/tree.h"

static int each_entered(struct dump *d, int (*scan)(struct dump *d, struct task *t))
{
	progress_expect(d->m.tasks.n, PROGRESS_TASKS);
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		struct task *t = d->m.tasks.v[i];
		IN_SCOPE("task", leader(t)->pid);
		int err;

		progress_set(i);
		if (!t->dump->inside)	/* a zombie, or refused already */
			continue;
		err = scan(d, t) ?: check_cancelled();
		if (err)
			return err;
	}
	return 0;
}

static int refuse_all(void *run)
{
	struct dump *d = run;
	const struct options *opt = d->opt;

	if (opt->explain || (opt->dry_run && !d->refusals.list.n && !opt->client))
		refusals_print(&d->refusals, opt->explain && opt->explain[0] == 'j');
	/* A log in a file has its readers of its own; on the same terminal it would be the list once more. */
	return refusals_report(&d->refusals, opt->explain && (!opt->log_file || streq(opt->log_file, "-")));
}

static int freeze(void *run)
{
	struct dump *d = run;
	int err = tree_freeze(d);

	/* What cannot even be stopped is refused before anything else can be asked. */
	return err && d->refusals.list.n ? (refuse_all(d), err) : err;
}

static void thaw(void *run)
{
	tree_thaw(run);
}

/* Who else locks something (an engine, a script) is asked first. */
static int still_network(void *run)
{
	struct dump *d = run;
	int err = net_find(d, &d->has_net);

	if (!err && d->has_net)
		err = script_run(d->opt, "network-lock", leader(d->m.tasks.v[0])->pid_real, d->img_path);
	return err || !d->has_net || d->opt->dry_run ? err : net_hold(d);
}

static void unstill_network(void *run)
{
	struct dump *d = run;

	if (d->has_net && script_run(d->opt, "network-unlock", leader(d->m.tasks.v[0])->pid_real, d->img_path))
		warn("the script at network-unlock failed; the network is unlocked all the same");
	net_release(d);
}

/* A client may know what of the frozen tree is somebody else's. */
static int ask_externals(void *run)
{
	const struct dump *d = run;

	return script_ask_client(d->opt, "query-ext-files");
}

/* Of each thread: one may have switched. */
static int check_code(struct dump *d, const struct task *t, bool *ret_is_native)
{
	*ret_is_native = true;
	for (size_t i = 0; i < t->n_threads; i++) {
		int native = compel_is_native64(t->threads[i].pid_real);

		if (native < 0)
			return fail_with(native, "ask for the kind of code");
		if (native)
			continue;
		refuse(&d->refusals, REFUSE_TASK_COMPAT, i ? "thread %d runs 32-bit code" : "runs 32-bit code",
		       t->threads[i].pid_real);
		*ret_is_native = false;
	}
	return 0;
}

/* By its owner. */
static int scan_task(struct dump *d, struct task *t)
{
	bool is_native;
	int err;

	if (!t->dump->proc)		/* a zombie */
		return 0;
	err = check_code(d, t, &is_native);
	if (err || !is_native)
		return err;
	err = inside_ask(d, t);
	return err ? err : task_kinds_scan(d, t);
}

static int scan_refuse(struct dump *d, struct task *t)
{
	task_kinds_refuse(d, t);
	return 0;
}

/* core of each thread; pages, pagemap, ids, mm, fs, fdinfo of each process. */
static size_t count_images(const struct dump *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->m.tasks.n; i++)
		n += d->m.tasks.v[i]->n_threads + (is_alive(d->m.tasks.v[i]) ? 6 : 0);
	return n;
}

/* Refused tasks (traced by somebody else) have nothing that can be read. */
static bool are_all_readable(const struct dump *d)
{
	for (size_t i = 0; i < d->m.tasks.n; i++)
		if (!d->m.tasks.v[i]->dump->proc && is_alive(d->m.tasks.v[i]))
			return false;
	return true;
}

static int scan(void *run)
{
	struct dump *d = run;
	int err;

	cancel_after(d->opt->timeout);
	if (!d->opt->dry_run)
		images_make_ahead(d->img_dir, count_images(d));
	if (!are_all_readable(d))
		return refuse_all(d) ?: -EAGAIN;
	err = owners_each(d, 0, core_scan);
	if (!err)
		err = relations_scan(d);
	if (!err)
		err = sharing_scan(d);
	if (!err)
		err = ns_ids_scan(d);
	if (!err)
		err = ns_scan(d);
	if (!err)
		err = files_scan(d);
	if (!err)
		err = cgroups_scan(d);
	if (!err)
		relations_refuse(d);
	if (!err)
		err = mem_read(d);	/* while nothing of ours is mapped in the tasks */
	progress_expect(d->m.tasks.n, PROGRESS_TASKS);
	if (!err)
		err = owners_each(d, 0, scan_task);
	if (!err)
		err = each_entered(d, mem_scan);
	if (!err)
		ipc_refuse_attached(d);
	if (!err)
		err = each_entered(d, task_kinds_join);
	if (!err)
		err = each_entered(d, scan_refuse);
	cancel_after(0);
	return err;
}

static void unscan(void *run)
{
	images_end_ahead();
	mapped_release(run);
	files_release(run);
	ns_release(run);
}

static int begin_images(void *run)
{
	struct dump *d = run;

	d->images_entry = journal_enter(d->journal, JOURNAL_IMAGES, d->img_path, NULL);
	if (d->images_entry < 0)
		return d->images_entry;
	/* Also for speed: ext4 writes a file out at once that was truncated and filled again (auto_da_alloc). */
	return images_drop(d->img_path);
}

static void drop_images(void *run)
{
	struct dump *d = run;

	if (images_drop(d->img_path))
		warn("an unfinished snapshot stays in %s", d->img_path);
	journal_strike(d->journal, d->images_entry);
}

static int pages(void *run)
{
	return mem_dump_pages(run);
}

static int save(void *run)
{
	return save_records(run);
}

static int commit(void *run)
{
	images_end_ahead();
	return save_inventory(run);
}

static int post_dump(void *run)
{
	struct dump *d = run;

	return script_run(d->opt, "post-dump", leader(d->m.tasks.v[0])->pid_real, d->img_path);
}

static const struct stage dump_stages[] = {
	{ "freeze", freeze, thaw, "nothing is read from a target that runs" },
	{ "lock", still_network, unstill_network, "what arrives from now on must not be in the images by half" },
	{ "query", ask_externals, NULL, "what is asked for still holds when it is scanned" },
	{ "scan", scan, unscan, "all that can be asked, and taken back at once" },
	{ "refuse", refuse_all, NULL, "nothing is written before this line" },
	{ "images", begin_images, drop_images, "an older snapshot in the directory stays whole until now" },
	{ "pages", pages, NULL, "bulk first: the longest part, and it may find the disk full" },
	{ "save", save, NULL, "records refer to the bulk by id" },
	{ "commit", commit, NULL, "the inventory makes the directory a snapshot" },
	{ "hook", post_dump, NULL, "the last that may say no" },
};
enum { N_STAGES = array_size(dump_stages), N_DRY = 5 };

static void finish(struct dump *d)
{
	cancel_ignore();
	progress_stage("end");
	switch (d->opt->final_state) {
	case FINAL_KILL:
		if (tree_kill(d))
			warn("some tasks may still run");
		files_commit(d);
		net_release(d);
		break;
	case FINAL_STOP:
		unstill_network(d);
		tree_leave_stopped(d);
		break;
	case FINAL_RUN:
		unstill_network(d);
		tree_thaw(d);
		break;
	}
	mapped_release(d);
	files_release(d);
	ns_release(d);
	journal_strike(d->journal, d->images_entry);
}

int dump_run(struct dump *d, bool is_dry)
{
	struct stage_times times[N_STAGES] = { 0 };
	uint64_t begin = now_us();
	int err;

	d->refusals.arena = &d->m.arena;
	d->next_ghost_id = d->next_pages_id = 1;
	d->images_entry = -1;
	d->m.inventory = arena_msg(&d->m.arena, InventoryEntry, inventory_entry__init);
	d->m.inventory->img_version = IMG_VERSION;
	d->m.seccomp = arena_msg(&d->m.arena, SeccompEntry, seccomp_entry__init);

	if (is_dry)
		return try_stages(dump_stages, N_DRY, d);
	err = run_stages(dump_stages, N_STAGES, d, times);
	if (err)
		return err;
	d->stats.freezing_us = times[0].us;
	finish(d);
	d->stats.frozen_us = now_us() - begin - times[0].us;
	return 0;
}
