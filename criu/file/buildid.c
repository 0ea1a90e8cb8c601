/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GNU build-id of an ELF file: same id, same bytes. Linkers put it into the first page. */
#include <elf.h>
#include <string.h>
#include <unistd.h>
#include "file/buildid.h"

enum { HEAD_BYTES = 4096 };

/* Notes in data[0, len): header, name and description, each padded to 4 bytes. */
static size_t find_note(const uint8_t *data, size_t len, uint32_t *ret_words)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;
		size_t name, desc;

		memcpy(&n, data, sizeof(n));
		data += sizeof(n);
		len -= sizeof(n);
		name = align_up((size_t)n.n_namesz, (size_t)4);
		desc = align_up((size_t)n.n_descsz, (size_t)4);
		if (name > len || desc > len - name)
			return 0;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && !memcmp(data, "GNU", 4) && n.n_descsz &&
		    desc <= BUILD_ID_WORDS * sizeof(uint32_t)) {
			memset(ret_words, 0, BUILD_ID_WORDS * sizeof(uint32_t));
			memcpy(ret_words, data + name, n.n_descsz);
			return desc / sizeof(uint32_t);
		}
		data += name + desc;
		len -= name + desc;
	}
	return 0;
}

size_t build_id_find(const void *head, size_t len, uint32_t ret_words[BUILD_ID_WORDS])
{
	const uint8_t *p = head;
	Elf64_Ehdr e;
	size_t n = 0;

	if (len < sizeof(e))
		return 0;
	memcpy(&e, p, sizeof(e));
	if (memcmp(e.e_ident, ELFMAG, SELFMAG) || e.e_ident[EI_CLASS] != ELFCLASS64 ||
	    e.e_ident[EI_DATA] != ELFDATA2LSB || e.e_phentsize != sizeof(Elf64_Phdr))
		return 0;
	for (size_t i = 0; i < e.e_phnum && !n; i++) {
		Elf64_Phdr h;

		if (e.e_phoff > len || len - e.e_phoff < (i + 1) * sizeof(h))
			return 0;
		memcpy(&h, p + e.e_phoff + i * sizeof(h), sizeof(h));
		if (h.p_type == PT_NOTE && h.p_offset <= len && h.p_filesz <= len - h.p_offset)
			n = find_note(p + h.p_offset, h.p_filesz, ret_words);
	}
	return n;
}

size_t build_id_read(int fd, uint32_t ret_words[BUILD_ID_WORDS])
{
	uint8_t head[HEAD_BYTES];
	ssize_t len = pread(fd, head, sizeof(head), 0);

	return len < 0 ? 0 : build_id_find(head, len, ret_words);
}
