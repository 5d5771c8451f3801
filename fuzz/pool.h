/*
 * Memory for the libraries that a target calls. jansson and libcrypto allocate hundreds of small blocks in an
 * execution, and the malloc of AddressSanitizer takes most of the time of one. This allocator keeps its checks: freed
 * blocks and the bytes around each block are poisoned, and freeing a block twice ends the program. pool_live is the
 * number of blocks that are not freed.
 *
 *	json_set_alloc_funcs(pool_new, pool_free);
 */
#ifndef FUZZ_POOL_H
#define FUZZ_POOL_H

#include "target.h"

#include <sanitizer/asan_interface.h>
#include <string.h>

/* The freed blocks of one size wait in a queue, and a block is used again after POOL_WAIT others were freed. */
enum { POOL_BYTES = 32 << 20, POOL_SIZES = 18, POOL_LEAST_BITS = 5, POOL_WAIT = 16 };
enum pool_state { POOL_LIVE = 0x4c495645, POOL_FREED = 0x46524545 };

struct pool_block {
	struct pool_block *next;
	size_t bytes;
	enum pool_state state;
	unsigned size;
	char bytes_around[8]; /* poisoned too */
};

struct pool_queue {
	struct pool_block *first, *last;
	size_t n;
};

static _Alignas(64) char pool_memory[POOL_BYTES];
static struct pool_queue pool_queues[POOL_SIZES];
static size_t pool_used, pool_live;

#define POOL_INSIDE static inline __attribute__((no_sanitize("address")))

static inline unsigned
pool_size(size_t bytes)
{
	return bytes <= (size_t)1 << POOL_LEAST_BITS
		   ? 0
		   : (unsigned)(8 * sizeof(long)) - (unsigned)__builtin_clzl(bytes - 1) - POOL_LEAST_BITS;
}

POOL_INSIDE struct pool_block *
pool_fresh(unsigned size)
{
	struct pool_block *block = (struct pool_block *)(pool_memory + pool_used);
	size_t bytes = sizeof(*block) + ((size_t)1 << (POOL_LEAST_BITS + size)) + sizeof(*block);

	if (bytes > sizeof(pool_memory) - pool_used)
		return NULL;
	ASAN_POISON_MEMORY_REGION(block, bytes);
	pool_used += bytes;
	return block;
}

POOL_INSIDE struct pool_block *
pool_freed(struct pool_queue *queue)
{
	struct pool_block *block = queue->first;

	if (queue->n <= POOL_WAIT)
		return NULL;
	queue->first = block->next;
	queue->n--;
	return block;
}

POOL_INSIDE void *
pool_new(size_t bytes)
{
	unsigned size = pool_size(bytes);
	struct pool_block *block;

	if (size >= POOL_SIZES)
		return NULL;
	block = pool_freed(&pool_queues[size]);
	if (block == NULL)
		block = pool_fresh(size);
	if (block == NULL)
		return NULL;
	block->bytes = bytes;
	block->state = POOL_LIVE;
	block->size = size;
	pool_live++;
	ASAN_UNPOISON_MEMORY_REGION(block + 1, bytes);
	return block + 1;
}

POOL_INSIDE void
pool_queue_put(struct pool_queue *queue, struct pool_block *block)
{
	block->next = NULL;
	if (queue->n++ == 0)
		queue->first = block;
	else
		queue->last->next = block;
	queue->last = block;
}

POOL_INSIDE void
pool_free(void *memory)
{
	struct pool_block *block;

	if (memory == NULL)
		return;
	block = (struct pool_block *)memory - 1;
	PROMISE(block->state == POOL_LIVE);
	ASAN_POISON_MEMORY_REGION(memory, (size_t)1 << (POOL_LEAST_BITS + block->size));
	block->state = POOL_FREED;
	pool_queue_put(&pool_queues[block->size], block);
	pool_live--;
}

POOL_INSIDE void *
pool_grow(void *memory, size_t bytes)
{
	size_t kept = memory == NULL ? 0 : ((struct pool_block *)memory - 1)->bytes;
	void *grown = pool_new(bytes);

	if (grown == NULL)
		return NULL;
	if (memory != NULL)
		memcpy(grown, memory, kept < bytes ? kept : bytes);
	pool_free(memory);
	return grown;
}

#endif
