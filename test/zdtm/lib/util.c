// SPDX-License-Identifier: GPL-2.0-or-later
/* zdtm/lib/util.c: time, checkable memory and small files for test programs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

void zt_sleep_ms(unsigned int ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

uint64_t zt_now_ns(int clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t word_at(uint64_t seed, size_t i)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15u + i;

	x ^= x >> 31;
	x *= 0xbf58476d1ce4e5b9u;
	return x ^ (x >> 29);
}

void zt_fill(void *mem, size_t len, uint64_t seed)
{
	uint64_t *words = mem;

	for (size_t i = 0; i < len / sizeof(*words); i++)
		words[i] = word_at(seed, i);
}

bool zt_is_filled_part(const void *area, size_t from, size_t to, uint64_t seed)
{
	const uint64_t *words = area;

	for (size_t i = from / sizeof(*words); i < to / sizeof(*words); i++)
		if (words[i] != word_at(seed, i))
			return false;
	return true;
}

bool zt_is_filled(const void *mem, size_t len, uint64_t seed)
{
	return zt_is_filled_part(mem, 0, len, seed);
}

void zt_write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	SETUP(fd >= 0);
	SETUP(write(fd, data, len) == (ssize_t)len);
	close(fd);
}

ssize_t zt_read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -1;
	while (got > 0 && len < size - 1) {
		got = read(fd, buf + len, size - 1 - len);
		if (got > 0)
			len += (size_t)got;
	}
	close(fd);
	buf[len] = '\0';
	return got < 0 ? -1 : (ssize_t)len;
}

long long zt_proc_value(const char *path, const char *key, int base)
{
	char text[8192], *at = text;
	size_t len = strlen(key);

	if (zt_read_file(path, text, sizeof(text)) < 0)
		return -1;
	for (; at; at = strchr(at, '\n')) {
		if (*at == '\n')
			at++;
		if (!strncmp(at, key, len) && at[len] == ':')
			return strtoll(at + len + 1, NULL, base);
	}
	return -1;
}
