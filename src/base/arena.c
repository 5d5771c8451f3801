#include "base/arena.h"

#include "base/fault.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/thread_end.h"

#include <stdalign.h>

enum { BLOCK_BYTES = 8 * 1024 };

#ifdef __SANITIZE_ADDRESS__
enum { SPARES_MAX = 0 }; /* AddressSanitizer must see every use after free */
#else
enum { SPARES_MAX = 8 };
#endif

struct arena_block {
	struct arena_block *older;
	size_t size, used;
	alignas(max_align_t) char bytes[];
};

/* --- spare blocks: each thread keeps some wiped blocks for its next arena ----------------------------------------- */

struct spares {
	struct arena_block *first;
	unsigned n;
};

static _Thread_local struct spares spares;
static _Thread_local struct thread_end spares_end;

static void
arena_spares_free(void *context)
{
	struct spares *s = context;

	while (s->first != NULL) {
		struct arena_block *block = s->first;
		s->first = block->older;
		mem_drop(block);
	}
	s->n = 0;
}

static struct arena_block *
arena_spare_take(void)
{
	struct arena_block *block = spares.first;

	if (block != NULL) {
		spares.first = block->older;
		spares.n--;
	}
	return block;
}

/* Returns false when the block was not kept. */
static bool
arena_spare_keep(struct arena_block *block)
{
	if (block->size != BLOCK_BYTES || spares.n >= SPARES_MAX ||
	    !thread_end_do(&spares_end, arena_spares_free, &spares))
		return false;
	block->used = 0;
	block->older = spares.first;
	spares.first = block;
	spares.n++;
	return true;
}

/* --- arenas ------------------------------------------------------------------------------------------------------- */

static struct arena_block *
arena_block_add(struct arena *a, size_t n)
{
	size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
	struct arena_block *block = size == BLOCK_BYTES ? arena_spare_take() : NULL;

	if (block == NULL)
		block = mem_new(sizeof(*block) + size);
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
		block = arena_block_add(a, n);
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
		if (!arena_spare_keep(block))
			mem_drop(block);
	}
	a->newest = NULL;
	a->used = 0;
}
