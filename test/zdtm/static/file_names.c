// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names that are hard to parse: blanks, line feeds, backslashes, no UTF-8, " (deleted)" at the end;
 * open and mapped.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static char long_name[256];
static const char *const names[] = {
	"two words",	  "line\nfeed", "back\\slash", "oct\\040al", "tab\tname", "no\xff\xfeutf",
	"gone (deleted)", " leading",	"trailing ",   "[heap]",     "pipe:[1]",  "//deleted",
	"%s%n",		  "'\"`$(x)",	"-o",	       long_name,
};

enum { N = sizeof(names) / sizeof(names[0]), PAGE = 4096 };

int main(void)
{
	char content[PAGE], *mapped[N], got[64], cwd[4096], now[4096];
	int fds[N];

	zt_init();
	memset(long_name, 'x', sizeof(long_name) - 1);
	for (int i = 0; i < N; i++) {
		memset(content, 'a' + i, sizeof(content));
		zt_write_file(names[i][0] == '/' ? names[i] + 2 : names[i], content,
			      sizeof(content));
		fds[i] = open(names[i][0] == '/' ? names[i] + 2 : names[i], O_RDWR);
		SETUP(fds[i] >= 0 && lseek(fds[i], i, SEEK_SET) == i);
		mapped[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				 i % 2 ? MAP_SHARED : MAP_PRIVATE, fds[i], 0);
		SETUP(mapped[i] != MAP_FAILED);
		if (i % 3 == 0)
			mapped[i][7] = '!';
	}
	SETUP(mkdir("dir\n\\012 (deleted)", 0755) == 0 && chdir("dir\n\\012 (deleted)") == 0);
	SETUP(getcwd(cwd, sizeof(cwd)) != NULL);
	zt_checkpoint();

	for (int i = 0; i < N; i++) {
		CHECK(lseek(fds[i], 0, SEEK_CUR) == i, "'%s': position", names[i]);
		CHECK(pread(fds[i], got, 1, 0) == 1 && got[0] == 'a' + i, "'%s': content",
		      names[i]);
		CHECK(mapped[i][0] == 'a' + i && (i % 3 || mapped[i][7] == '!'), "'%s': mapping",
		      names[i]);
	}
	CHECK(getcwd(now, sizeof(now)) && !strcmp(now, cwd), "cwd is '%s'", now);
	return zt_result();
}
