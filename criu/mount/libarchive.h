/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/libarchive.h: the library that reads and writes archives, loaded when it is needed */
#include <archive.h>
#include <archive_entry.h>
#include "base/compiler.h"

/*
 * It comes with a dozen libraries of its own, which would cost every run some milliseconds. So it is not linked in; the
 * types of its functions are those of its headers.
 */
#define LIBARCHIVE(X) \
	X(archive_read_disk_new) X(archive_read_disk_set_behavior) X(archive_read_disk_set_symlink_physical) \
	X(archive_read_disk_open) X(archive_read_next_header2) X(archive_read_disk_descend) \
	X(archive_read_data_block) X(archive_read_close) X(archive_read_free) X(archive_read_new) \
	X(archive_read_support_filter_gzip) X(archive_read_support_format_tar) X(archive_read_open_fd) \
	X(archive_write_new) X(archive_write_set_format_pax) X(archive_write_add_filter_gzip) \
	X(archive_write_set_options) X(archive_write_open_fd) X(archive_write_header) X(archive_write_data) \
	X(archive_write_close) X(archive_write_free) X(archive_write_disk_new) X(archive_write_disk_set_options) \
	X(archive_write_data_block) X(archive_write_finish_entry) X(archive_error_string) X(archive_entry_new) \
	X(archive_entry_free) X(archive_entry_pathname) X(archive_entry_filetype) X(archive_entry_size) \
	X(archive_entry_set_size) X(archive_entry_uid) X(archive_entry_set_uid) X(archive_entry_gid) \
	X(archive_entry_set_gid) X(archive_entry_hardlink) X(archive_entry_symlink) X(archive_entry_set_uname) \
	X(archive_entry_set_gname) X(archive_entry_linkresolver_new) X(archive_entry_linkresolver_set_strategy) \
	X(archive_entry_linkify) X(archive_entry_linkresolver_free) X(archive_entry_clear) \
	X(archive_entry_mtime) X(archive_entry_mtime_nsec) X(archive_entry_mtime_is_set)

struct libarchive {
#define MEMBER(name) __typeof__(&name) name;
	LIBARCHIVE(MEMBER)
#undef MEMBER
};

int libarchive_get(const struct libarchive **ret) must_check;
