/* Builds a request without a socket: the header fields are in a job's memory, as if the parser had found them there. */
#ifndef TESTS_HTTP_BY_HAND_H
#define TESTS_HTTP_BY_HAND_H

#include "http/internal.h"

#include <stdlib.h>

enum { BY_HAND_BYTES = 128 * 1024 };

/* Free it with by_hand_free. */
static inline struct job *
by_hand(void)
{
	struct job *job = calloc(1, sizeof(*job) + BY_HAND_BYTES);

	if (job == NULL)
		abort();
	job->arena = (struct arena)ARENA(HTTP_ARENA_MAX_BYTES);
	job->rq = (struct request){ .path = STR("/"), .peer = STR("127.0.0.1"), .arena = &job->arena, .internal = job };
	return job;
}

static inline struct span
by_hand_text(struct job *job, str text)
{
	struct span span = { (uint32_t)job->filled, (uint32_t)text.n };

	if (text.n > BY_HAND_BYTES - job->filled)
		abort();
	if (text.n > 0)
		memcpy(job->bytes + job->filled, text.p, text.n);
	job->filled += text.n;
	return span;
}

/* Add a header field; a request has at most HTTP_HEADERS_MAX. */
static inline void
by_hand_field(struct job *job, str name, str value)
{
	struct parser_field field = { .name = by_hand_text(job, name) };

	field.value = by_hand_text(job, value);
	job->parser.fields[job->parser.field_count++] = field;
}

static inline void
by_hand_free(struct job **job)
{
	buf_wipe(&(*job)->rp.body);
	arena_wipe(&(*job)->arena);
	free(*job);
	*job = NULL;
}

#endif
