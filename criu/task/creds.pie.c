/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials by raw system calls: they belong to a thread, and libc's wrappers would change all of them. The order
 * is the kernel's: each step needs what the later ones give up.
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <compel/pie.h>
#include "task/creds.pie.h"

void creds_scan_inside_thread(struct creds_inside_thread *ret)
{
	ret->securebits = sys_prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
}

long creds_groups_arm(const struct creds_groups_arm *rows, unsigned int n)
{
	return n ? sys_setgroups(n, &rows->gid) : 0;
}

static long set_caps(const struct creds_caps *c)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].inheritable = (uint32_t)(c->inh >> (32 * i));
		data[i].permitted = (uint32_t)(c->prm >> (32 * i));
		data[i].effective = (uint32_t)(c->eff >> (32 * i));
	}
	return sys_capset(&head, data);
}

static long each_bit(uint64_t bits, int what, unsigned long arg, bool is_bit_first)
{
	long err = 0;

	for (unsigned long i = 0; i < 64 && !err; i++)
		if (bits >> i & 1)
			err = is_bit_first ? sys_prctl(what, i, 0, 0, 0) : sys_prctl(what, arg, i, 0, 0);
	return err;
}

/* These two tell nothing about failure but the id that was in force before. */
static long set_fs_ids(const struct creds_arm *c)
{
	sys_setfsgid(c->fsgid);
	sys_setfsuid(c->fsuid);
	if ((uint32_t)sys_setfsgid(-1) != c->fsgid || (uint32_t)sys_setfsuid(-1) != c->fsuid)
		return -EPERM;
	return 0;
}

static long set_ids(const struct creds_arm *c)
{
	/* Or a change away from uid 0 takes the capabilities. */
	long err = sys_prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);

	if (!err)
		err = sys_setresgid(c->gid, c->egid, c->sgid);
	if (!err)
		err = sys_setresuid(c->uid, c->euid, c->suid);
	if (!err)
		err = set_fs_ids(c);
	return err;
}

static long set_all(const struct creds_arm *c)
{
	const struct creds_caps wide = { .inh = c->caps.inh, .prm = c->own, .eff = c->own };
	long err = 0;

	if (c->steps & CREDS_NO_GROUPS)
		err = sys_setgroups(0, NULL);
	if (!err && c->steps & CREDS_INHERITABLE)	/* before drop: what is not in the bounding set cannot be added */
		err = set_caps(&wide);
	if (!err)
		err = each_bit(c->drop, PR_CAPBSET_DROP, 0, true);
	if (!err && c->steps & CREDS_IDS)
		err = set_ids(c);
	if (!err && c->steps & CREDS_AMBIENT)
		err = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (!err && c->steps & CREDS_AMBIENT)		/* before securebits, which may forbid it */
		err = each_bit(c->ambient, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, false);
	if (!err && c->steps & CREDS_SECUREBITS)	/* needs CAP_SETPCAP */
		err = sys_prctl(PR_SET_SECUREBITS, c->securebits, 0, 0, 0);
	if (!err && c->steps & CREDS_CAPS)
		err = set_caps(&c->caps);
	if (!err && c->steps & CREDS_NO_NEW_PRIVS)
		err = sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return err;
}

long creds_arm(const struct creds_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = set_all(&rows[i]);
	return err;
}

long creds_final_arm(const struct creds_final_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = set_caps(&rows[i].caps);
	return err;
}
