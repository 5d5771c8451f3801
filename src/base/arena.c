#include "base/arena.h"

#include "base/fault.h"
#include "base/mem.h"
#include "base/secret.h"

#include <stdalign.h>

enum { BLOCK_BYTES = 8 * 1024 };

struct arena_block {
	struct arena_block *older;
	size_t size, used;
	alignas(max_align_t) char bytes[];
};

static struct arena_block *
block_add(struct arena *a, size_t n)
{
	size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
	struct arena_block *block = mem_new(sizeof(*block) + size);

	if (block == NULL)
		return NULL;
	block->older = a->newest;
	block->size = size;
	a->newest = block;
	return block;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *block = a->newest;

	if (n > a->max || fault_due(FAULT_MEMORY))
		return NULL;
	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (a->used + n > a->max)
		return NULL;
	if (block == NULL || block->size - block->used < n)
		block = block_add(a, n);
	if (block == NULL)
		return NULL;
	void *p = block->bytes + block->used;
	block->used += n;
	a->used += n;
	return p;
}

err
arena_copy(struct arena *a, str s, str *ret_copy)
{
	char *p = arena_alloc(a, s.n + 1);

	if (p == NULL)
		return ERR_MEMORY;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	*ret_copy = (str){ p, s.n };
	return ERR_OK;
}

void
arena_wipe(struct arena *a)
{
	for (struct arena_block *block = a->newest, *older; block != NULL; block = older) {
		older = block->older;
		secret_wipe(block->bytes, block->used);
		mem_drop(block);
	}
	a->newest = NULL;
	a->used = 0;
}
