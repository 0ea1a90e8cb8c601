/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/where.h: whose root a path of the tree is looked up from */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include "base/compiler.h"
#include "regfile.pb-c.h"

struct dump;
struct file_facts;
struct restore;
struct model;
struct mount_visit;
struct task;

/* --- dump ------------------------------------------------------------------------------------------------------ */
/* Sets f->root and f->is_outside from f->mnt_id. */
void where_find(const struct dump *d, struct file_facts *f);
/* As lstat(2) and open(2) with O_PATH | O_NOFOLLOW, of a path as the mount namespace of the file has it. */
int where_stat(const struct file_facts *f, const char *path, struct stat *ret) must_check;
int where_open(const struct file_facts *f, const char *path) must_check;
/* Of a file in a mount namespace of the tree: a task that is in that. */
const struct task *where_task(const struct dump *d, const struct file_facts *f);

/* --- restore --------------------------------------------------------------------------------------------------- */
/* The record whose name leads to file `id`; NULL: there is none that begins at a root. */
const RegFileEntry *where_entry(const struct model *m, uint32_t id);
/* As open(2) with O_CLOEXEC, of the name of a record; reports nothing. */
int where_open_entry(const struct restore *r, const RegFileEntry *e, uint32_t flags) must_check;
/* Whether its mount is one of the tree's, not of the tool's. */
bool where_is_inside(const struct restore *r, const RegFileEntry *e);
/* In the tool: the path of the mount namespace that the record's file is in; NULL: the tool's own. */
const char *where_namespace(struct restore *r, const RegFileEntry *e);
/*
 * Between these two, absolute paths mean those of the mount namespace that the record's file is in, in a process with
 * no other thread. Without namespaces they do nothing.
 */
int where_visit(struct restore *r, const RegFileEntry *e, struct mount_visit *ret) must_check;
int where_leave(struct mount_visit *v) must_check;
/* What the machine's root calls it, for a journal; NULL: nobody knows, or what is made there is gone when the tree is. */
const char *where_outside(struct restore *r, const RegFileEntry *e, const char *name);
