// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that has moved its vDSO elsewhere: it stays there and works (found again through the
 * auxiliary vector or not).
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "zdtm.h"

static char maps[1 << 16];

struct range {
	unsigned long start, end;
};

static struct range find(const char *name)
{
	struct range r = { 0 }, row;

	SETUP(zt_read_file("/proc/self/maps", maps, sizeof(maps)) > 0);
	for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, name) && sscanf(line, "%lx-%lx", &row.start, &row.end) == 2)
			r = row;
	return r;
}

/* The address of a dynamic symbol of the vDSO that begins at base. */
static void *symbol(const char *base, const char *name)
{
	const Elf64_Ehdr *head = (const void *)base;
	const Elf64_Shdr *sections = (const void *)(base + head->e_shoff);
	const char *strings = NULL;

	for (int i = 0; i < head->e_shnum; i++) {
		if (sections[i].sh_type != SHT_DYNSYM)
			continue;
		strings = base + sections[sections[i].sh_link].sh_offset;
		for (size_t n = 0; n < sections[i].sh_size / sizeof(Elf64_Sym); n++) {
			const Elf64_Sym *s = (const Elf64_Sym *)(base + sections[i].sh_offset) + n;

			if (!strcmp(strings + s->st_name, name))
				return (void *)(base + s->st_value);
		}
	}
	return NULL;
}

int main(void)
{
	static const char *const names[] = { "[vvar]", "[vvar_vclock]", "[vdso]" };
	struct range old = find("[vdso]"), first = find("[vvar]"), now;
	int (*gettime)(int, struct timespec *);
	struct timespec t = { 0 };
	char *room;

	zt_init();
	SETUP(old.start && first.start);
	room = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(room != MAP_FAILED);
	for (int i = 0; i < 3; i++) {
		struct range r = find(names[i]);

		if (r.start)
			SETUP(mremap((void *)r.start, r.end - r.start, r.end - r.start,
				     MREMAP_MAYMOVE | MREMAP_FIXED,
				     room + (r.start - first.start)) != MAP_FAILED);
	}
	room += old.start - first.start;
	gettime = (int (*)(int, struct timespec *))symbol(room, "__vdso_clock_gettime");
	SETUP(gettime && gettime(CLOCK_MONOTONIC, &t) == 0 && t.tv_sec > 0);
	zt_checkpoint();

	now = find("[vdso]");
	CHECK(now.start == (unsigned long)room, "the vDSO is at %#lx, was at %p", now.start,
	      (void *)room);
	t.tv_sec = 0;
	if (now.start == (unsigned long)room)
		CHECK(gettime(CLOCK_MONOTONIC, &t) == 0 && t.tv_sec > 0, "its clock_gettime");
	return zt_result();
}
