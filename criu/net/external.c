/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that are named on the command line. */
#include <stdio.h>
#include "base/parse.h"
#include "net/external.h"
#include "options.h"

bool external_is_netdev(const struct options *o, const char *name)
{
	return option_value(&o->external, "netdev", name);
}

/* The older spelling: --veth-pair IN=OUT[@BRIDGE] */
static const char *veth_pair(const struct options *o, const char *name)
{
	size_t len = strlen(name);

	for (unsigned int i = 0; i < o->veth_pair.n; i++)
		if (!strncmp(o->veth_pair.v[i], name, len) && o->veth_pair.v[i][len] == '=')
			return o->veth_pair.v[i] + len + 1;
	return NULL;
}

bool external_veth(const struct options *o, const char *name, struct external_veth *ret)
{
	const char *s = option_value(&o->external, "veth", name) ?: veth_pair(o, name);
	size_t len;

	if (!s)
		return false;
	len = strcspn(s, "@");
	if (!len || len >= sizeof(ret->out) || strlen(s + len) > sizeof(ret->bridge))
		return false;
	snprintf(ret->out, sizeof(ret->out), "%.*s", (int)len, s);
	snprintf(ret->bridge, sizeof(ret->bridge), "%s", s[len] ? s + len + 1 : "");
	return true;
}
