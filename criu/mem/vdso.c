/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vDSO: recognising one that was left by an earlier restore, and pairing the functions of two of them. */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>
#include "base/log.h"
#include "base/parse.h"
#include "mem/vdso.h"
#include "vdso_jump.pie.h"
#include "mem/vmas.h"

static struct vma *vma_by_status(struct vma_list *l, uint32_t bit)
{
	for (size_t i = 0; i < l->v.n; i++)
		if (l->v.v[i].status & bit)
			return &l->v.v[i];
	return NULL;
}

static struct vma *vma_at(struct vma_list *l, uint64_t start)
{
	for (size_t i = 0; i < l->v.n; i++)
		if (l->v.v[i].start == start)
			return &l->v.v[i];
	return NULL;
}

int vdso_scan(pid_t pid_real, struct vma_list *l)
{
	struct vma *real = vma_by_status(l, VMA_VDSO), *old, *old_vvar;
	struct vdso_mark m;
	struct iovec here = { &m, sizeof(m) }, there;

	if (!real)
		return 0;
	there = (struct iovec){ (void *)real->start, sizeof(m) };
	if (process_vm_readv(pid_real, &here, 1, &there, 1, 0) != sizeof(m))
		return fail_errno("cannot read the vDSO of process %d at %" PRIx64, pid_real, real->start);
	if (m.signature != VDSO_MARK_SIGNATURE)
		return 0;
	if (m.version != VDSO_MARK_VERSION)
		return fail(EOPNOTSUPP, "process %d has a vDSO mark of version %" PRIu64 "; only %d is known", pid_real,
			    m.version, VDSO_MARK_VERSION);
	old = vma_at(l, m.vdso_addr);
	old_vvar = vma_at(l, m.vvar_addr);
	if (!old)
		return fail(EINVAL, "process %d: nothing is mapped at %" PRIx64 ", where the vDSO mark says its vDSO is",
			    pid_real, m.vdso_addr);
	for (size_t i = 0; i < l->v.n; i++)
		if (l->v.v[i].status & (VMA_VDSO | VMA_VVAR))
			l->v.v[i].is_left_out = true;
	old->status = VMA_REGULAR | VMA_VDSO | VMA_ANON_PRIVATE;
	if (old_vvar)
		old_vvar->status = VMA_REGULAR | VMA_VVAR | VMA_ANON_PRIVATE;
	return 0;
}

/* An ELF image whose every access is checked: old images are foreign input. */
struct elf {
	const uint8_t *base;
	size_t len;
	const Elf64_Sym *syms;
	size_t n_syms;
	const char *names;
	size_t names_len;
};

static const void *elf_at(const struct elf *e, uint64_t off, uint64_t len)
{
	return off <= e->len && len <= e->len - off && off % 8 == 0 ? e->base + off : NULL;
}

static const char *find_symbols(struct elf *e)
{
	const Elf64_Ehdr *h = elf_at(e, 0, sizeof(*h));
	const Elf64_Shdr *s;

	if (!h || memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64)
		return "no 64-bit ELF image";
	s = h->e_shentsize == sizeof(*s) ? elf_at(e, h->e_shoff, (uint64_t)h->e_shnum * sizeof(*s)) : NULL;
	if (!s)
		return "its section headers are out of bounds";
	for (unsigned int i = 0; i < h->e_shnum; i++) {
		const Elf64_Shdr *str;

		if (s[i].sh_type != SHT_DYNSYM)
			continue;
		if (s[i].sh_link >= h->e_shnum)
			return "its symbol table has no strings";
		str = &s[s[i].sh_link];
		e->syms = elf_at(e, s[i].sh_offset, s[i].sh_size);
		e->n_syms = s[i].sh_size / sizeof(*e->syms);
		if (!e->syms || str->sh_offset > e->len || str->sh_size > e->len - str->sh_offset || !str->sh_size)
			return "its symbol table is out of bounds";
		e->names = (const char *)e->base + str->sh_offset;
		e->names_len = str->sh_size;
		return e->names[e->names_len - 1] ? "its symbol names do not end" : NULL;
	}
	return "it has no symbol table";
}

static bool is_function(const struct elf *e, const Elf64_Sym *s)
{
	return ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_shndx != SHN_UNDEF && s->st_name < e->names_len &&
	       s->st_value < e->len && s->st_size <= e->len - s->st_value;
}

static const Elf64_Sym *function_by_name(const struct elf *e, const char *name)
{
	for (size_t i = 0; i < e->n_syms; i++)
		if (is_function(e, &e->syms[i]) && streq(e->names + e->syms[i].st_name, name))
			return &e->syms[i];
	return NULL;
}

/* The next function of the image begins there, or the image ends: how much room a jump has. */
static uint64_t room_of(const struct elf *e, uint64_t at)
{
	uint64_t next = e->len;

	for (size_t i = 0; i < e->n_syms; i++)
		if (is_function(e, &e->syms[i]) && e->syms[i].st_value > at)
			next = min(next, e->syms[i].st_value);
	return next - at;
}

static bool is_paired(const struct vdso_jump *j, size_t n, uint64_t from)
{
	for (size_t i = 0; i < n; i++)
		if (j[i].from == from)
			return true;
	return false;		/* else: an alias, __vdso_time is time */
}

int vdso_pair(const void *old, size_t old_len, const void *running, size_t running_len, struct vdso_jump *ret,
	      size_t room, const char **ret_why)
{
	struct elf a = { .base = old, .len = old_len }, b = { .base = running, .len = running_len };
	size_t n = 0;

	*ret_why = find_symbols(&a);
	if (!*ret_why)
		*ret_why = find_symbols(&b);
	for (size_t i = 0; i < a.n_syms && !*ret_why; i++) {
		const Elf64_Sym *s = &a.syms[i], *t;

		if (!is_function(&a, s) || is_paired(ret, n, s->st_value))
			continue;
		t = function_by_name(&b, a.names + s->st_name);
		if (!t)
			continue;	/* the old one goes on by system calls: its vvar pages say that there is no clock */
		if (room_of(&a, s->st_value) < VDSO_JUMP_BYTES)
			*ret_why = "a function has no room for a jump";
		else if (n == room)
			*ret_why = "it has more functions than any vDSO";
		else
			ret[n++] = (struct vdso_jump){ s->st_value, t->st_value };
	}
	return *ret_why ? -EINVAL : (int)n;
}
