/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an engine does through libcriu, loaded as engines load it: version and features, a dump with steps, a restore as a child.
 *	engine CRIU PID DIR		prints the steps; ends with 0 when the restored process is its child
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "criu.h"

static int (*notify_pid)(criu_notify_arg_t na);
static const char *refused;

static int on_step(char *action, criu_notify_arg_t na)
{
	printf("%s %d\n", action, notify_pid(na));
	return refused && !strcmp(refused, action) ? -7 : 0;
}

static void *find(void *lib, const char *name)
{
	void *p = dlsym(lib, name);

	if (!p) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	return p;
}
#define CALL(name) ((__typeof__(name) *)find(lib, #name))

static void expect(const char *what, int got, int wanted)
{
	if (got == wanted)
		return;
	fprintf(stderr, "%s: %d (errno %d), not %d\n", what, got, errno, wanted);
	exit(1);
}

static void begin(void *lib, const char *criu, int dir, const char *log)
{
	expect("criu_init_opts", CALL(criu_init_opts)(), 0);
	expect("criu_set_service_binary", CALL(criu_set_service_binary)(criu), 0);
	CALL(criu_set_images_dir_fd)(dir);
	CALL(criu_set_log_level)(4);
	expect("criu_set_log_file", CALL(criu_set_log_file)(log), 0);
	CALL(criu_set_notify_cb)(on_step);
}

int main(int argc, char **argv)
{
	struct criu_feature_check f = { .mem_track = true };
	void *lib = dlopen("libcriu.so.2", RTLD_NOW);
	int dir, pid = argc > 3 ? atoi(argv[2]) : 0, got, status;

	if (argc != 4 || !lib) {
		fprintf(stderr, "engine CRIU PID DIR: %s\n", lib ? "three words" : dlerror());
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	notify_pid = CALL(criu_notify_pid);
	dir = open(argv[3], O_RDONLY | O_DIRECTORY);
	begin(lib, argv[1], dir, "dump.log");
	expect("criu_check_version(31500)", CALL(criu_check_version)(31500), 1);
	expect("criu_feature_check", CALL(criu_feature_check)(&f, sizeof(f)), 0);
	expect("criu_feature_check, too large", CALL(criu_feature_check)(&f, sizeof(f) + 1), -1);
	expect("criu_check", CALL(criu_check)(), 0);

	CALL(criu_set_pid)(1 << 22);
	expect("criu_dump of nobody", CALL(criu_dump)(), -EBADE);
	expect("its errno", errno, ESRCH);
	CALL(criu_set_pid)(pid);
	refused = "post-dump";
	expect("criu_dump, refused by us", CALL(criu_dump)(), -7);
	expect("the target after it", kill(pid, 0), 0);
	refused = NULL;
	expect("criu_dump", CALL(criu_dump)(), 0);
	while (!kill(pid, 0))		/* until its parent has reaped it */
		usleep(1000);

	begin(lib, argv[1], dir, "restore.log");
	got = CALL(criu_restore_child)();
	expect("criu_restore_child", got, pid);
	expect("criu_restore of a pid in use", CALL(criu_restore)(), -EBADE);
	expect("its errno", errno, EEXIST);
	expect("kill", kill(pid, SIGKILL), 0);
	expect("wait for the restored child", waitpid(pid, &status, 0), pid);
	expect("criu_set_service_address", CALL(criu_set_service_address)("/no/such/socket"), 0);
	expect("criu_check without a service", CALL(criu_check)(), -ECONNREFUSED);
	CALL(criu_free_opts)();
	return 0;
}
