// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Credentials that differ between threads: uids, gids, groups, the five capability sets,
 * securebits, no_new_privs.
 * zdtm-flavor: h,ns
 */
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

struct creds {
	uid_t uid[4];
	gid_t gid[4];
	int n_groups;
	gid_t groups[16];
	struct __user_cap_data_struct caps[2];
	uint64_t bounding, ambient;
	int securebits, no_new_privs, keep_caps;
};

static _Atomic int running;

static void read_creds(struct creds *c)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	memset(c, 0, sizeof(*c));
	getresuid(&c->uid[0], &c->uid[1], &c->uid[2]);
	getresgid(&c->gid[0], &c->gid[1], &c->gid[2]);
	c->uid[3] = (uid_t)setfsuid((uid_t)-1);
	c->gid[3] = (gid_t)setfsgid((gid_t)-1);
	c->n_groups = getgroups(16, c->groups);
	syscall(SYS_capget, &head, c->caps);
	for (int cap = 0; cap < 41; cap++) {
		c->bounding |= (uint64_t)(prctl(PR_CAPBSET_READ, cap) == 1) << cap;
		c->ambient |=
			(uint64_t)(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			<< cap;
	}
	c->securebits = prctl(PR_GET_SECUREBITS);
	c->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	c->keep_caps = prctl(PR_GET_KEEPCAPS);
}

static void set_caps(uint32_t effective, uint32_t permitted, uint32_t inheritable)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { effective, permitted, inheritable }, { 0 } };

	SETUP(syscall(SYS_capset, &head, data) == 0);
}

/* The bare calls: libc would change all threads. */
static void become(int index)
{
	static const gid_t groups[] = { 5, 77, 100000, 65534 };

	switch (index) {
	case 0:
		SETUP(syscall(SYS_setgroups, 4, groups) == 0);
		SETUP(syscall(SYS_setresgid, 11, 12, 13) == 0 &&
		      syscall(SYS_setresuid, 1001, 1002, 0) == 0);
		break;
	case 1:
		SETUP(syscall(SYS_setgroups, 0, NULL) == 0 && syscall(SYS_setresgid, 2, 2, 2) == 0);
		SETUP(syscall(SYS_setresuid, 2000, 2000, 2000) == 0);
		SETUP(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
		break;
	case 2:
		SETUP(prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT) == 0 &&
		      prctl(PR_CAPBSET_DROP, CAP_AUDIT_WRITE) == 0);
		set_caps(1 << CAP_CHOWN | 1 << CAP_SETPCAP,
			 1 << CAP_CHOWN | 1 << CAP_KILL | 1 << CAP_SETPCAP,
			 1 << CAP_KILL | 1 << CAP_CHOWN);
		SETUP(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) == 0);
		SETUP(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED) == 0);
		break;
	case 3:
		SETUP(prctl(PR_SET_KEEPCAPS, 1) == 0 &&
		      syscall(SYS_setresuid, 3000, 3000, 3000) == 0);
		set_caps(1 << CAP_NET_ADMIN, 1 << CAP_NET_ADMIN | 1 << CAP_SYS_PTRACE, 0);
		break;
	case 4:
		setfsuid(4444);
		setfsgid(5555);
		break;
	}
}

static void *work(void *arg)
{
	int index = (int)(intptr_t)arg;
	struct creds before, now;

	become(index);
	read_creds(&before);
	running++;
	zt_wait();
	read_creds(&now);
	CHECK(!memcmp(now.uid, before.uid, sizeof(now.uid)), "thread %d: uids %u %u %u %u", index,
	      now.uid[0], now.uid[1], now.uid[2], now.uid[3]);
	CHECK(!memcmp(now.gid, before.gid, sizeof(now.gid)), "thread %d: gids", index);
	CHECK(now.n_groups == before.n_groups &&
		      !memcmp(now.groups, before.groups, sizeof(now.groups)),
	      "thread %d: %d groups", index, now.n_groups);
	CHECK(!memcmp(now.caps, before.caps, sizeof(now.caps)),
	      "thread %d: capabilities %#x %#x %#x", index, now.caps[0].effective,
	      now.caps[0].permitted, now.caps[0].inheritable);
	CHECK(now.bounding == before.bounding, "thread %d: bounding %#llx", index,
	      (unsigned long long)now.bounding);
	CHECK(now.ambient == before.ambient, "thread %d: ambient %#llx", index,
	      (unsigned long long)now.ambient);
	CHECK(now.securebits == before.securebits, "thread %d: securebits %#x, was %#x", index,
	      now.securebits, before.securebits);
	CHECK(now.no_new_privs == before.no_new_privs, "thread %d: no_new_privs %d", index,
	      now.no_new_privs);
	CHECK(now.keep_caps == before.keep_caps, "thread %d: keep_caps %d", index, now.keep_caps);
	return NULL;
}

int main(void)
{
	pthread_t threads[5];

	zt_init();
	for (intptr_t i = 0; i < 5; i++)
		SETUP(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	while (running < 5)
		zt_sleep_ms(1);
	zt_checkpoint();
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(getuid(), 0);
	return zt_result();
}
