/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text to numbers, strictly: no half-read number, no silent overflow. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include "base/parse.h"

static int check_end(const char *s, const char *end)
{
	if (end == s)
		return -EINVAL;
	while (isspace((unsigned char)*end))
		end++;
	return *end ? -EINVAL : 0;
}

int parse_u64(const char *s, int base, uint64_t *ret)
{
	char *end;
	unsigned long long v;
	int err;

	while (isspace((unsigned char)*s))
		s++;
	if (*s == '-' || *s == '+')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, base);
	if (errno)
		return -errno;
	err = check_end(s, end);
	if (!err)
		*ret = v;
	return err;
}

int parse_i64(const char *s, int base, int64_t *ret)
{
	char *end;
	long long v;
	int err;

	errno = 0;
	v = strtoll(s, &end, base);
	if (errno)
		return -errno;
	err = check_end(s, end);
	if (!err)
		*ret = v;
	return err;
}

int parse_u32(const char *s, int base, uint32_t *ret)
{
	uint64_t v;
	int err = parse_u64(s, base, &v);

	if (err)
		return err;
	if (v > UINT32_MAX)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_i32(const char *s, int base, int32_t *ret)
{
	int64_t v;
	int err = parse_i64(s, base, &v);

	if (err)
		return err;
	if (v < INT32_MIN || v > INT32_MAX)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_bool(const char *s, bool *ret)
{
	uint64_t v;
	int err = parse_u64(s, 10, &v);

	if (err)
		return err;
	if (v > 1)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_size(const char *s, uint64_t *ret)
{
	char *end;
	unsigned long long v;
	int shift = 0;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno)
		return -errno;
	switch (*end) {
	case 'G': shift = 30; break;
	case 'M': shift = 20; break;
	case 'K': shift = 10; break;
	case 0: break;
	default: return -EINVAL;
	}
	if (*end && end[1])
		return -EINVAL;
	if (v > ULLONG_MAX >> shift)
		return -ERANGE;
	*ret = v << shift;
	return 0;
}

/* One that is no digit is too large for any base. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : INT_MAX;
}

/* By hand: smaps of a large process has 35,000 numbers, and strtoull() asks for the locale at each. */
uint64_t take_u64(struct cursor *c, int base)
{
	const char *start;
	uint64_t v = 0;

	take_spaces(c);
	if (base == 16 && c->p[0] == '0' && (c->p[1] == 'x' || c->p[1] == 'X'))
		c->p += 2;
	for (start = c->p; digit(*c->p) < base; c->p++)
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit(*c->p), &v))
			c->bad = true;
	if (c->p == start)
		c->bad = true;
	return v;
}

int64_t take_i64(struct cursor *c, int base)
{
	char *end;
	int64_t v;

	errno = 0;
	v = strtoll(c->p, &end, base);
	if (end == c->p || errno)
		c->bad = true;
	c->p = end;
	return v;
}

void take_char(struct cursor *c, char expected)
{
	if (*c->p == expected)
		c->p++;
	else
		c->bad = true;
}

void take_spaces(struct cursor *c)
{
	while (*c->p == ' ' || *c->p == '\t')
		c->p++;
}

char *next_line(char **text)
{
	char *line = *text, *nl;

	if (!*line)
		return NULL;
	nl = strchr(line, '\n');
	if (nl) {
		*nl = 0;
		*text = nl + 1;
	} else {
		*text = line + strlen(line);
	}
	return line;
}

bool split_key(char *line, const char **ret_key, const char **ret_value)
{
	char *colon = strchr(line, ':');

	if (!colon)
		return false;
	*colon++ = 0;
	while (*colon == ' ' || *colon == '\t')
		colon++;
	*ret_key = line;
	*ret_value = colon;
	return true;
}
