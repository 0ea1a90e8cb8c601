// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FIFOs with content: opened for reading, writing and both, several times; one whose name has been
 * removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	char got[64];
	int rd, wr, both, wr2, gone;

	zt_init();
	SETUP(mkfifo(zt_path("fifo"), 0640) == 0 && mkfifo(zt_path("both"), 0600) == 0);
	rd = open(zt_path("fifo"), O_RDONLY | O_NONBLOCK);
	wr = open(zt_path("fifo"), O_WRONLY);
	wr2 = open(zt_path("fifo"), O_WRONLY | O_NONBLOCK);
	both = open(zt_path("both"), O_RDWR | O_NONBLOCK);
	SETUP(mkfifo(zt_path("gone"), 0600) == 0);
	gone = open(zt_path("gone"), O_RDWR | O_NONBLOCK);
	SETUP(rd >= 0 && wr >= 0 && wr2 >= 0 && both >= 0 && gone >= 0 &&
	      unlink(zt_path("gone")) == 0);
	SETUP(write(wr, "one", 3) == 3 && write(wr2, "two", 3) == 3 &&
	      write(both, "content", 7) == 7);
	SETUP(write(gone, "still", 5) == 5);
	zt_checkpoint();

	CHECK(read(rd, got, sizeof(got)) == 6 && !memcmp(got, "onetwo", 6), "the FIFO's content");
	CHECK(read(rd, got, 1) < 0 && errno == EAGAIN, "there is more, or no writer");
	CHECK(read(both, got, sizeof(got)) == 7 && !memcmp(got, "content", 7),
	      "the other FIFO's content");
	CHECK(read(gone, got, sizeof(got)) == 5 && !memcmp(got, "still", 5),
	      "the nameless FIFO's content");
	CHECK(close(wr) == 0 && write(wr2, "x", 1) == 1 && close(wr2) == 0, "writing");
	CHECK(read(rd, got, sizeof(got)) == 1 && read(rd, got, 1) == 0, "no end of file");
	wr = open(zt_path("fifo"), O_WRONLY | O_NONBLOCK);
	CHECK(wr >= 0 && write(wr, "y", 1) == 1 && read(rd, got, 2) == 1,
	      "the name leads elsewhere");
	CHECK(access(zt_path("gone"), F_OK) < 0, "the removed name is back");
	return zt_result();
}
