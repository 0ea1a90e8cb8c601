/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroups for test programs. */
#include "cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

static const char *top_of(const char *controller)
{
	char line[4096], want[64];
	FILE *f = fopen("/proc/self/mounts", "re");

	snprintf(want, sizeof(want), ",%s,", controller);
	while (f && fgets(line, sizeof(line), f)) {
		char point[1024], type[64], options[1024], marked[1100];

		if (sscanf(line, "%*s %1023s %63s %1023s", point, type, options) != 3)
			continue;
		snprintf(marked, sizeof(marked), ",%s,", options);
		if (*controller ? strcmp(type, "cgroup") || !strstr(marked, want) : strcmp(type, "cgroup2"))
			continue;
		fclose(f);
		return strdup(point);
	}
	zt_skip("no cgroup hierarchy with %s is mounted here", *controller ? controller : "version 2");
}

/* The directory of the test is TMP/zdtm-XXXXXXXX/work. */
const char *zt_cgroup_name(void)
{
	static char name[64];
	char path[512], *end;

	snprintf(path, sizeof(path), "%s", zt_path(""));
	end = strstr(path, "/work");
	SETUP(end);
	*end = 0;
	end = strrchr(path, '/');
	SETUP(end && (size_t)snprintf(name, sizeof(name), "%s", end + 1) < sizeof(name));
	return name;
}

const char *zt_cgroup_make(const char *controller, const char *below)
{
	char *path;

	SETUP(asprintf(&path, "%s/%s%s%s", top_of(controller), zt_cgroup_name(), *below ? "/" : "", below) > 0);
	SETUP(mkdir(path, 0755) == 0);
	return path;
}

static bool is_about(const char *names, const char *controller)
{
	return *controller ? strstr(names, controller) != NULL : !*names;
}

bool zt_cgroup_is_in(const char *controller, const char *below)
{
	char file[64], text[8192], want[1024], *line, *save;

	snprintf(want, sizeof(want), "/%s%s%s", zt_cgroup_name(), *below ? "/" : "", below);
	snprintf(file, sizeof(file), "/proc/self/task/%ld/cgroup", (long)syscall(SYS_gettid));
	if (zt_read_file(file, text, sizeof(text)) < 0)
		return false;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *names = strchr(line, ':') + 1, *where = strchr(names, ':');

		*where++ = 0;
		if (is_about(names, controller) && !strcmp(where, want))
			return true;
	}
	return false;
}

void zt_cgroup_leave(const char *controller)
{
	zt_cgroup_write(top_of(controller), "cgroup.procs", "0");
}

void zt_cgroup_write(const char *dir, const char *file, const char *text)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		zt_setup_failed(__FILE__, __LINE__, "write %s to %s: %m", text, path);
	close(fd);
}

bool zt_cgroup_holds(const char *dir, const char *file, const char *text)
{
	char path[4096], is[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	if (zt_read_file(path, is, sizeof(is)) < 0)
		return false;
	is[strcspn(is, "\n")] = 0;
	return !strcmp(is, text);
}
