/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terminals. So far those of the caller: with --shell-job the one terminal of the job is replaced by the one that the
 * restore is started on; --external tty[RDEV:DEV] ones are handed over with --inherit-fd; engines get the other end
 * of a container's terminal (file/pty.c). Pairs inside the tree come later.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/files.h"
#include "file/kind.h"
#include "file/places.h"
#include "file/scan.h"
#include "file/state.h"
#include "file/tty.h"
#include "file/where.h"
#include "image/dir.h"
#include "kernel/proc_stat.h"
#include "ns/user.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

/* Numbers from which the info ids of terminals that are no ptys are made: (number << 1). */
enum { INDEX_CTTY = 1006, INDEX_EXTERNAL = 1012, INDEX_END = 1076 };
enum { TTY_MAJOR = 4, TTYAUX_MAJOR = 5, PTY_MASTER_MAJOR = 128, PTY_SLAVE_MAJOR = 136, PTY_MAJORS = 8 };

struct ttys *ttys_of(struct model *m)
{
	void **data = file_kind_data(m, file_kind_by_type(FD_TYPES__TTY));

	if (!*data)
		*data = arena_new(&m->arena, struct ttys);
	return *data;
}

static TtyInfoEntry *info_of(struct model *m, uint32_t id)
{
	struct ttys *t = ttys_of(m);

	for (size_t i = 0; i < t->infos.n; i++)
		if (t->infos.v[i]->id == id)
			return t->infos.v[i];
	return NULL;
}

static bool is_slave(dev_t rdev)
{
	return major(rdev) >= PTY_SLAVE_MAJOR && major(rdev) < PTY_SLAVE_MAJOR + PTY_MAJORS;
}

static bool is_ctty(dev_t rdev)
{
	return rdev == makedev(TTYAUX_MAJOR, 0);
}

static bool tty_claims(const struct file_facts *f)
{
	unsigned int type = major(f->st.st_rdev);

	if (f->flags & O_PATH)
		return false;
	return type == TTY_MAJOR || type == TTYAUX_MAJOR || type == 188 || type == 204 ||
	       (type >= PTY_MASTER_MAJOR && type < PTY_SLAVE_MAJOR + PTY_MAJORS);
}

/* --- dump ------------------------------------------------------------------------------------------------ */

static void scan_termios(TermiosEntry *e, const struct termios *t, struct arena *a)
{
	e->c_iflag = t->c_iflag;
	e->c_oflag = t->c_oflag;
	e->c_cflag = t->c_cflag;
	e->c_lflag = t->c_lflag;
	e->c_line = t->c_line;
	/* 19 words, of which the first 8 hold 32 control characters. */
	e->n_c_cc = 19;
	e->c_cc = arena_array(a, uint32_t, e->n_c_cc);
	memcpy(e->c_cc, t->c_cc, min(sizeof(t->c_cc), (size_t)32));
}

static int scan_settings(struct arena *a, int fd, TtyInfoEntry *e)
{
	struct termios t, locked = { 0 };
	struct winsize size;
	int flag = 0;

	if (tcgetattr(fd, &t) < 0)
		return errno == EIO ? 0 : fail_errno("get terminal settings");	/* EIO: hung up */
	if (ioctl(fd, TIOCGLCKTRMIOS, &locked) < 0 || ioctl(fd, TIOCGWINSZ, &size) < 0)
		return fail_errno("get terminal settings");
	e->exclusive = ioctl(fd, TIOCGEXCL, &flag) == 0 && flag;
	e->termios = arena_msg(a, TermiosEntry, termios_entry__init);
	scan_termios(e->termios, &t, a);
	e->termios_locked = arena_msg(a, TermiosEntry, termios_entry__init);
	scan_termios(e->termios_locked, &locked, a);
	e->winsize = arena_msg(a, WinsizeEntry, winsize_entry__init);
	e->winsize->ws_row = size.ws_row;
	e->winsize->ws_col = size.ws_col;
	e->winsize->ws_xpixel = size.ws_xpixel;
	e->winsize->ws_ypixel = size.ws_ypixel;
	return 0;
}

/* As /proc/PID/stat writes a device number. */
static int32_t stat_number(dev_t rdev)
{
	return (minor(rdev) & 0xff) | major(rdev) << 8 | (minor(rdev) & ~0xffU) << 12;
}

/* Of the terminal behind it: /dev/tty has a number of its own. */
static int32_t device_of(const struct file_facts *f)
{
	unsigned int number;

	return ioctl(f->copy, TIOCGDEV, &number) < 0 ? stat_number(f->st.st_rdev) : (int32_t)number;
}

/*
 * Whose job it is; 0 where that is no member. From /proc: the terminal itself tells only its own session, which the
 * tool is not in.
 */
static void scan_session(const struct model *m, const struct file_facts *f, TtyInfoEntry *e)
{
	const struct proc_stat *job = leader(f->task)->dump->stat;

	if (job->tty_nr != device_of(f))
		return;
	for (size_t i = 0; i < m->tasks.n; i++) {
		if (leader(m->tasks.v[i])->pid_real == job->session)
			e->sid = leader(m->tasks.v[i])->pid;
		if (leader(m->tasks.v[i])->pid_real == job->tpgid)
			e->pgrp = leader(m->tasks.v[i])->pid;
	}
}

static int add_info(struct dump *d, const struct file_facts *f, uint32_t id, TtyType type)
{
	struct ttys *t = ttys_of(&d->m);
	TtyInfoEntry *e;

	if (info_of(&d->m, id))
		return 0;
	e = arena_msg(&d->m.arena, TtyInfoEntry, tty_info_entry__init);
	e->id = id;
	e->type = type;
	e->rdev = f->st.st_rdev;
	e->has_dev = e->has_uid = e->has_gid = true;
	e->dev = f->st.st_dev;
	e->uid = user_uid_inside(&d->m, NULL, f->st.st_uid);
	e->gid = user_gid_inside(&d->m, NULL, f->st.st_gid);
	if (type == TTY_TYPE__PTY) {
		e->pty = arena_msg(&d->m.arena, TtyPtyEntry, tty_pty_entry__init);
		e->pty->index = minor(f->st.st_rdev);
	}
	vec_push(&d->m.arena, &t->infos, e);
	scan_session(&d->m, f, e);
	return scan_settings(&d->m.arena, f->copy, e);
}

static bool is_external(struct dump *d, const struct file_facts *f)
{
	char key[64];

	snprintf(key, sizeof(key), "%lx:%lx", (unsigned long)f->st.st_rdev, (unsigned long)f->st.st_dev);
	return option_value(&d->opt->external, "tty", key);
}

static uint32_t external_id(struct dump *d, const struct file_facts *f)
{
	struct ttys *t = ttys_of(&d->m);
	uint32_t n = 0;

	for (size_t i = 0; i < t->infos.n; i++) {
		if (t->infos.v[i]->type != TTY_TYPE__EXT_TTY)
			continue;
		if (t->infos.v[i]->rdev == f->st.st_rdev && t->infos.v[i]->dev == f->st.st_dev)
			return t->infos.v[i]->id;
		n++;
	}
	return (INDEX_EXTERNAL + n) << 1;
}

/* One terminal per job: whatever name they were opened by, all must be the same one. */
static bool is_second_terminal(struct dump *d, const struct file_facts *f)
{
	struct ttys *t = ttys_of(&d->m);
	int32_t device = device_of(f);

	if (!t->device)
		t->device = device;
	return t->device != device;
}

/* Where the number of a new terminal can be chosen; and all are of one instance, since the image tells them by number. */
static bool is_in_own_devpts(struct dump *d, const struct file_facts *f)
{
	const struct ttys *t = ttys_of(&d->m);
	int unread;

	if (is_ctty(f->st.st_rdev))
		return true;
	for (size_t i = 0; i < t->infos.n; i++)
		if (t->infos.v[i]->type == TTY_TYPE__PTY && t->infos.v[i]->dev != (uint32_t)f->st.st_dev)
			return false;
	if (ioctl(f->copy, FIONREAD, &unread) == 0 && unread)
		warn("lost: %d bytes that were typed on %s, and not yet read", unread, f->link);
	return f->root != AT_FDCWD;
}

static int tty_scan(struct dump *d, const struct file_facts *f, void *rec)
{
	TtyFileEntry *e = rec;
	struct file_facts path = *f;

	if (is_external(d, f)) {
		e->tty_info_id = external_id(d, f);
		return add_info(d, f, e->tty_info_id, TTY_TYPE__EXT_TTY);
	}
	if (!is_slave(f->st.st_rdev) && !is_ctty(f->st.st_rdev)) {
		refuse(&d->refusals, REFUSE_FILE_TTY, "%s is a terminal of a kind that is not supported yet", f->link);
		return 0;
	}
	if (pty_is_taken(d->opt) ? !is_in_own_devpts(d, f) : !d->opt->shell_job || is_second_terminal(d, f)) {
		refuse(&d->refusals, REFUSE_FILE_TTY, "%s is a%s terminal outside the tree", f->link,
		       d->opt->shell_job ? " second" : "");
		return 0;
	}
	path.fdinfo = NULL;
	path.is_path_only = true;
	e->has_regf_id = true;
	e->tty_info_id = is_slave(f->st.st_rdev) ? minor(f->st.st_rdev) << 1 : INDEX_CTTY << 1;
	return file_add(d, file_kind_by_type(FD_TYPES__REG), &path, &e->regf_id) ?:
	       add_info(d, f, e->tty_info_id, is_slave(f->st.st_rdev) ? TTY_TYPE__PTY : TTY_TYPE__CTTY);
}

bool files_know_terminal(struct dump *d, int32_t tty_nr)
{
	const struct ttys *t = ttys_of(&d->m);

	for (size_t i = 0; pty_is_taken(d->opt) && i < t->infos.n; i++)
		if (stat_number(t->infos.v[i]->rdev) == tty_nr)
			return true;
	return false;
}

static int tty_save(struct dump *d)
{
	struct ttys *t = ttys_of(&d->m);
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_TTY_INFO, 0);
	for (size_t i = 0; i < t->infos.n; i++)
		image_put(&o, &t->infos.v[i]->base);
	return image_out_close(&o);
}

/* --- restore --------------------------------------------------------------------------------------------- */

static int check_info(struct image_in *in, const TtyInfoEntry *e)
{
	if (e->termios && e->termios->n_c_cc < 8)
		return image_bad(in, "has %zu words of control characters", e->termios->n_c_cc);
	if (e->type == TTY_TYPE__PTY && !e->pty)
		return image_bad(in, "is a pty without an index");
	return 0;
}

static int check_file(const struct model *m, const TtyFileEntry *e)
{
	if (!info_of((struct model *)m, e->tty_info_id))
		return fail(EINVAL, "file %u is terminal %u, which does not exist", e->id, e->tty_info_id);
	if (e->has_regf_id && !where_entry(m, e->regf_id))
		return fail(EINVAL, "file %u is a terminal at file %u, which is no path", e->id, e->regf_id);
	return 0;
}

static int tty_load(struct model *m, int img_dir)
{
	struct ttys *t = ttys_of(m);
	struct image_in in;
	TtyInfoEntry *e;
	int got = 0, err;

	err = image_in_open(&in, &m->arena, img_dir, IMG_TTY_INFO, 0);
	while (!err && (got = image_next(&in, &e)) > 0) {
		err = check_info(&in, e);
		vec_push(&m->arena, &t->infos, e);
	}
	if (err || got < 0)
		return err ? err : got;
	for (size_t i = 0; i < m->files.n && !err; i++)
		if (m->files.v[i].entry->type == FD_TYPES__TTY)
			err = check_file(m, m->files.v[i].rec);
	return err;
}

/* As the job left them. From the background the kernel would stop us for it. */
int tty_set_termios(const TermiosEntry *e, int fd)
{
	struct termios t;
	sigset_t ttou, old;
	int err = 0;

	if (tcgetattr(fd, &t) < 0)
		return fail_errno("get terminal settings");
	t.c_iflag = e->c_iflag;
	t.c_oflag = e->c_oflag;
	t.c_cflag = e->c_cflag;
	t.c_lflag = e->c_lflag;
	t.c_line = e->c_line;
	memcpy(t.c_cc, e->c_cc, min(sizeof(t.c_cc), (size_t)32));
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &old);
	if (tcsetattr(fd, TCSANOW, &t) < 0)
		err = fail_errno("set terminal settings");
	sigprocmask(SIG_SETMASK, &old, NULL);
	return err;
}

static int find_terminal(struct restore *r, const TtyInfoEntry *info, int *ret_fd)
{
	char key[64];

	if (info->type == TTY_TYPE__EXT_TTY) {
		snprintf(key, sizeof(key), "tty[%x:%x]", info->rdev, info->dev);
		*ret_fd = inherited_find(r, key);
		if (*ret_fd < 0)
			return fail(ENOENT, "external terminal: hand it over with --inherit-fd fd[NUMBER]:%s", key);
		return 0;
	}
	if (info->type != TTY_TYPE__PTY || info->id & 1)
		return fail(EOPNOTSUPP, "terminals of type %d are not supported yet", info->type);
	if (!r->opt->shell_job)
		return fail(ENOTTY, "the job had a terminal: restore with --shell-job on a terminal");
	if (r->files->terminal < 0)
		return fail(ENOTTY, "the job had a terminal, but none is on descriptors 0 to 2 here");
	*ret_fd = r->files->terminal;
	return 0;
}

static int tty_make(struct restore *r, const void *rec, int *ret_fd)
{
	const TtyFileEntry *e = rec;
	const TtyInfoEntry *info = info_of(&r->m, e->tty_info_id);
	struct ttys *t = ttys_of(&r->m);
	auto_fd int fd = -1;
	int from, err;

	if (info->type == TTY_TYPE__CTTY) {
		*ret_fd = open("/dev/tty", (e->flags & (O_ACCMODE | O_NONBLOCK)) | O_CLOEXEC | O_NOCTTY);
		return *ret_fd < 0 ? fail_errno("open /dev/tty") : 0;
	}
	if (pty_is_made(r, info)) {
		const RegFileEntry *path = e->has_regf_id ? where_entry(&r->m, e->regf_id) : pty_path(&r->m, info);

		*ret_fd = where_open_entry(r, path, (e->flags & (O_ACCMODE | O_NONBLOCK)) | O_NOCTTY);
		return *ret_fd < 0 ? fail_with(*ret_fd, "open terminal %u", info->pty->index) : 0;
	}
	err = find_terminal(r, info, &from);
	if (err)
		return err;
	err = file_reopen(from, e->flags & (O_ACCMODE | O_NONBLOCK), &fd);
	if (err)
		return fail_with(err, "open the terminal");
	if (info->termios && !t->is_set_up) {
		t->is_set_up = true;
		err = tty_set_termios(info->termios, fd);
		if (err)
			return err;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/*
 * A shell with job control has put the tool into a group of its own and given the terminal to that. A job that had the
 * terminal would be stopped at its next read: it gets the terminal back. All groups exist by now.
 */
static int set_foreground(int fd, pid_t pgrp)
{
	sigset_t ttou, old;
	int err;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &old);
	err = tcsetpgrp(fd, pgrp) < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return err;
}

/* A session of the tree controls only a terminal that was handed over, and only its leader can take that. */
static void take_session(const struct restore *r, const TtyInfoEntry *info, int fd)
{
	if (info->type != TTY_TYPE__EXT_TTY || !info->sid)
		return;
	if (info->sid != (uint32_t)leader(r->self)->pid)
		warn("session %u loses its controlling terminal: its leader does not hold it", info->sid);
	else if (ioctl(fd, TIOCSCTTY, 0) < 0)
		warn("session %u loses its controlling terminal: %s", info->sid, strerror(errno));
}

static int tty_fill(struct restore *r, const struct task *t not_used, const void *rec, int fd)
{
	const TtyInfoEntry *info = info_of(&r->m, ((const TtyFileEntry *)rec)->tty_info_id);
	struct ttys *ttys = ttys_of(&r->m);
	int err;

	if ((!info->pgrp && !info->sid) || ttys->is_given)
		return 0;
	ttys->is_given = true;
	take_session(r, info, fd);
	err = info->pgrp ? set_foreground(fd, info->pgrp) : 0;
	if (err)
		warn("process group %u does not get the terminal: %s", info->pgrp, strerror(-err));
	return 0;
}

static int tty_prepare(struct restore *r)
{
	int err = pty_prepare(r);

	if (err)
		return err;
	if (r->files->terminal >= 0)
		ttys_of(&r->m)->had_foreground = tcgetpgrp(r->files->terminal) == getpgrp();
	return 0;
}

/* After a failed restore the group that was given the terminal is gone: a script that called us could not read. */
static void tty_release(struct restore *r)
{
	if (!r->files->is_committed && ttys_of(&r->m)->had_foreground)
		(void)set_foreground(r->files->terminal, getpgrp());
}

/* All in one task, so that the settings are made once. */
static uint64_t tty_group(const void *rec)
{
	return 1 + ((const TtyFileEntry *)rec)->tty_info_id;
}

const struct file_kind tty_kind = {
	.name = "tty",
	.type = FD_TYPES__TTY,
	.record = &tty_file_entry__descriptor,
	.sign = { .format = S_IFCHR },
	.claims = tty_claims,
	.scan = tty_scan,
	.save = tty_save,
	.load = tty_load,
	.group = tty_group,
	.make = tty_make,
	.fill = tty_fill,
	.prepare = tty_prepare,
	.prepare_inside = pty_make_masters,
	.lead = pty_lead,
	.hand_over = pty_hand_over,
	.release = tty_release,
};
