// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pipe whose other end is held by a process outside the tree: refused by name, nothing of it may
 * be lost in silence.
 * zdtm-refuse: pipe
 * zdtm-code: file.peer
 * zdtm-peer: makes a new pipe that leads nowhere
 * zdtm-flavor: h
 */
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int to[2], from[2];
	char got = 0;
	pid_t middle;

	zt_init();
	SETUP(pipe(to) == 0 && pipe(from) == 0);
	middle = fork();
	SETUP(middle >= 0);
	if (!middle) {
		/*
		 * the grandchild is an orphan at once, and so a child of the runner, not of the
		 * root
		 */
		if (fork() == 0) {
			close(to[1]);
			close(from[0]);
			while (read(to[0], &got, 1) == 1 && write(from[1], &got, 1) == 1)
				;
		}
		_exit(0);
	}
	SETUP(waitpid(middle, NULL, 0) == middle && close(to[0]) == 0 && close(from[1]) == 0);
	SETUP(write(to[1], "a", 1) == 1 && read(from[0], &got, 1) == 1 && got == 'a');
	zt_checkpoint();

	CHECK(write(to[1], "b", 1) == 1 && read(from[0], &got, 1) == 1 && got == 'b',
	      "the pipe is another");
	return zt_result();
}
