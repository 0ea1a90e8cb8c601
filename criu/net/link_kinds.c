/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of links.def. */
#include <sys/socket.h>
#include <linux/if_link.h>
#include "base/parse.h"
#include "net/link.h"

#define NO_ATTRS	(const uint16_t[]){ 0 }
#define ALL_ATTRS	(const uint16_t[]){ LINK_ALL_ATTRS, 0 }
#define ATTRS(...)	(const uint16_t[]){ __VA_ARGS__, 0 }

static const struct link_kind kinds[] = {
#define LINK(kind, plain, link, own_device, fixed_attrs, late_attrs)                                                   \
	{ .name = kind, .type = ND_TYPE__##plain, .below = LINK_##link, .own = own_device, .fixed = fixed_attrs,       \
	  .late = late_attrs },
#define PORT(kind, fixed_attrs)
#include "net/links.def"
#undef LINK
#undef PORT
};

static const struct {
	const char *name;
	const uint16_t *fixed;
} ports[] = {
#define LINK(...)
#define PORT(kind, fixed_attrs) { .name = kind, .fixed = fixed_attrs },
#include "net/links.def"
#undef LINK
#undef PORT
};

const struct link_kind *link_kind(const char *name)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		if (streq(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

const uint16_t *link_port_fixed(const char *name)
{
	for (size_t i = 0; i < array_size(ports); i++)
		if (streq(ports[i].name, name))
			return ports[i].fixed;
	return NULL;
}

bool link_kind_is_own(const struct link_kind *k, const char *device)
{
	return k && k->own && streq(k->own, device);
}
