// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A BPF map: refused until its kind exists.
 * zdtm-refuse: bpf
 * zdtm-code: file.unsupported
 * zdtm-peer: saves it
 */
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};
	int fd;

	zt_init();
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		zt_skip("the kernel gives no BPF maps");
	zt_checkpoint();

	CHECK(fd >= 0, "no map");
	return zt_result();
}
