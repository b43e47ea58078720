/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gmem.c - guest memory as a table of regions
 *
 * The regions stand in one array sorted by guest address; they never overlap, so a binary search
 * finds the only one that can hold an address.  The one found last is tried first, because
 * neighbouring accesses are the rule.  A copy walks over regions that touch; a pointer lookup does
 * not. The memory behind the regions belongs to whoever added them, and is changed by the guest at
 * any time: nothing here looks at its contents.
 */
#include "host/model/gmem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct region {
	uint64_t gpa;
	uint64_t last;		/* of its bytes, so that a region may end at the top of the space */
	uint8_t *host;
	bool writable;
};

struct gmem {
	struct region *regions;
	size_t count;
	size_t capacity;
	size_t hint;		/* index of the region found last */
};

struct gmem *gmem_new(void)
{
	return calloc(1, sizeof(struct gmem));
}

void gmem_free(struct gmem *mem)
{
	if (!mem)
		return;
	free(mem->regions);
	free(mem);
}

/* Index of the first region that ends at or after @gpa; mem->count if there is none. */
static size_t region_lower_bound(const struct gmem *mem, uint64_t gpa)
{
	size_t low = 0, high = mem->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (mem->regions[mid].last < gpa)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int gmem_add(struct gmem *mem, uint64_t gpa, uint64_t len, void *host, bool writable)
{
	struct region *grown;
	size_t at;

	if (len == 0 || len - 1 > UINT64_MAX - gpa)
		return -EINVAL;
	at = region_lower_bound(mem, gpa);
	if (at < mem->count && mem->regions[at].gpa <= gpa + (len - 1))
		return -EEXIST;
	if (mem->count == GMEM_REGIONS_MAX)
		return -ENOSPC;
	if (mem->count == mem->capacity) {
		size_t capacity = mem->capacity ? mem->capacity * 2 : 16;

		grown = reallocarray(mem->regions, capacity, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		mem->regions = grown;
		mem->capacity = capacity;
	}
	memmove(&mem->regions[at + 1], &mem->regions[at],
		(mem->count - at) * sizeof(mem->regions[0]));
	mem->regions[at] = (struct region){
		.gpa = gpa,
		.last = gpa + (len - 1),
		.host = host,
		.writable = writable,
	};
	mem->count++;
	return 0;
}

int gmem_remove(struct gmem *mem, uint64_t gpa, uint64_t len, void **ret_host)
{
	size_t at = region_lower_bound(mem, gpa);

	if (at == mem->count || mem->regions[at].gpa != gpa || len == 0 ||
	    mem->regions[at].last - gpa != len - 1)
		return -ENOENT;
	if (ret_host)
		*ret_host = mem->regions[at].host;
	mem->count--;
	memmove(&mem->regions[at], &mem->regions[at + 1],
		(mem->count - at) * sizeof(mem->regions[0]));
	return 0;
}

int gmem_next(const struct gmem *mem, uint64_t from, uint64_t *ret_gpa, uint64_t *ret_len)
{
	size_t at = region_lower_bound(mem, from);

	if (at == mem->count)
		return -ENOENT;
	*ret_gpa = mem->regions[at].gpa;
	*ret_len = mem->regions[at].last - mem->regions[at].gpa + 1;
	return 0;
}

static const struct region *region_find(struct gmem *mem, uint64_t gpa)
{
	size_t at = mem->hint;

	if (at >= mem->count || gpa < mem->regions[at].gpa || gpa > mem->regions[at].last) {
		at = region_lower_bound(mem, gpa);
		if (at == mem->count || gpa < mem->regions[at].gpa)
			return NULL;
		mem->hint = at;
	}
	return &mem->regions[at];
}

/*
 * The host address of @gpa and how many bytes, at most @want and at least 1, follow in its
 * region.
 */
static int region_span(struct gmem *mem, uint64_t gpa, size_t want, bool write,
		       uint8_t **ret_host, size_t *ret_len)
{
	const struct region *r = region_find(mem, gpa);

	if (!r)
		return -EFAULT;
	if (!r->host)
		return r->writable ? -ENXIO : -EFAULT;
	if (write && !r->writable)
		return -EACCES;
	*ret_host = r->host + (gpa - r->gpa);
	*ret_len = r->last - gpa < want ? (size_t)(r->last - gpa) + 1 : want;
	return 0;
}

int gmem_copy_in(struct gmem *mem, uint64_t gpa, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len > 0) {
		uint8_t *host;
		size_t n;
		int err = region_span(mem, gpa, len, false, &host, &n);

		if (err)
			return err;
		memcpy(to, host, n);
		to += n;
		len -= n;
		gpa += n;
		if (len > 0 && gpa == 0)
			return -EFAULT;
	}
	return 0;
}

static int writable_check(struct gmem *mem, uint64_t gpa, size_t len)
{
	while (len > 0) {
		uint8_t *host;
		size_t n;
		int err = region_span(mem, gpa, len, true, &host, &n);

		if (err)
			return err;
		len -= n;
		gpa += n;
		if (len > 0 && gpa == 0)
			return -EFAULT;
	}
	return 0;
}

int gmem_copy_out(struct gmem *mem, uint64_t gpa, const void *buf, size_t len)
{
	const uint8_t *from = buf;
	int err = writable_check(mem, gpa, len);

	if (err)
		return err;
	while (len > 0) {
		uint8_t *host;
		size_t n;

		err = region_span(mem, gpa, len, true, &host, &n);
		if (err)
			return err;
		memcpy(host, from, n);
		from += n;
		len -= n;
		gpa += n;
	}
	return 0;
}

int gmem_ptr(struct gmem *mem, uint64_t gpa, size_t len, bool write, void **ret_ptr)
{
	uint8_t *host;
	size_t n;
	int err = region_span(mem, gpa, len, write, &host, &n);

	if (err)
		return err;
	if (n != len)
		return -EFAULT;
	*ret_ptr = host;
	return 0;
}
