/*
 * parser_read: heads of requests, in pieces, one after the other.
 *
 * A second parser (strict.h) reads the same bytes.  Both accept the same heads, with the same values.  When the second
 * parser refuses a head, parser_read refuses it too, at the latest at the end of the wrong line.  parser_read never
 * refuses bytes that may still become a head.  Cutting the bytes into pieces changes nothing, and parser_read reads no
 * byte after the current piece.
 *
 * Input: four offsets at which to cut (2 bytes each), then the client's bytes.  If the fourth offset has its highest
 * bit set, it is also the limit of a head.
 */
#include "target.h"

#include "http/parser.h"
#include "strict.h"

#ifdef __clang__
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define SHOW(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
enum { EVERY_CUT_ONE_IN = 64, EVERY_CUT_MAX_BYTES = 256 }; /* all cuts together take quadratic time */
#else
#define HIDE(p, n) ((void)(p), (void)(n))
#define SHOW(p, n) ((void)(p), (void)(n))
enum { EVERY_CUT_ONE_IN = 1, EVERY_CUT_MAX_BYTES = 4096 };
#endif

enum { CUTS = 4, CUT_BYTES = 2, LIMIT_LEAST = 16, LIMIT_BIT = 0x8000 };

/* --- compare the parser with the second one ----------------------------------------------------------------------- */

static void
check_span(str whole, struct span s, str wanted)
{
	PROMISE(s.at <= whole.n && s.n <= whole.n - s.at && str_equal(str_bytes(whole.p + s.at, s.n), wanted));
}

static void
check_request_line(const struct parser *p, str sent, const struct strict *wanted)
{
	check_span(sent, p->method, wanted->method);
	check_span(sent, p->target, wanted->target);
	check_span(sent, p->path, wanted->path);
	check_span(sent, p->query, wanted->query);
	PROMISE(p->minor == (wanted->minor == '0' ? 0 : 1));
}

static void
check_whole(const struct parser *p, str sent, const struct strict *wanted)
{
	check_request_line(p, sent, wanted);
	PROMISE(p->field_count == wanted->field_count && p->bytes == wanted->at);
	for (size_t i = 0; i < p->field_count; i++) {
		check_span(sent, p->fields[i].name, wanted->fields[i].name);
		check_span(sent, p->fields[i].value, wanted->fields[i].value);
	}
	PROMISE(p->body_bytes == wanted->length && p->closes == wanted->closes && p->expects == wanted->expects);
}

/* The parser checks sizes before the content, so a long and wrong line may get the status of its size. */
static bool
status_fits(int status, str sent, const struct strict *wanted)
{
	if (status == wanted->status)
		return true;
	return wanted->status == 400 &&
	       ((status == 414 && sent.n > HTTP_URI_MAX_BYTES) ||
		(status == 431 && (sent.n >= wanted->max || wanted->field_count >= HTTP_HEADERS_MAX)));
}

static void
check(const struct parser *p, int outcome, str sent, const struct strict *wanted)
{
	if (wanted->verdict == STRICT_WHOLE) {
		PROMISE(outcome == PARSER_WHOLE);
		check_whole(p, sent, wanted);
	} else if (wanted->verdict == STRICT_MORE) {
		PROMISE(outcome == PARSER_MORE);
	} else if (outcome == PARSER_MORE) { /* allowed while the wrong line is incomplete */
		PROMISE(sent.n < wanted->max && !str_has_byte(str_from(sent, wanted->at), '\n'));
	} else {
		PROMISE(status_fits(outcome, sent, wanted));
		if (p->method.n > 0)
			check_request_line(p, sent, wanted);
	}
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

static void
check_same(const struct parser *a, const struct parser *b)
{
	PROMISE(a->outcome == b->outcome && a->field_count == b->field_count && a->bytes == b->bytes);
	PROMISE(a->path.at == b->path.at && a->path.n == b->path.n && a->query.at == b->query.at &&
		a->query.n == b->query.n);
	PROMISE(a->method.n == b->method.n && a->target.n == b->target.n && a->minor == b->minor);
	PROMISE(a->body_bytes == b->body_bytes && a->closes == b->closes && a->expects == b->expects);
	for (size_t i = 0; i < a->field_count; i++)
		PROMISE(a->fields[i].name.at == b->fields[i].name.at && a->fields[i].name.n == b->fields[i].name.n &&
			a->fields[i].value.at == b->fields[i].value.at && a->fields[i].value.n == b->fields[i].value.n);
}

/* The sanitizer reports a read of the bytes after the current piece. */
static int
read_pieces(struct parser *p, str sent, const size_t *cuts, size_t count, size_t max)
{
	int outcome = PARSER_MORE;

	parser_begin(p);
	HIDE(sent.p, sent.n);
	for (size_t i = 0; i <= count && outcome == PARSER_MORE; i++) {
		size_t n = i < count && cuts[i] < sent.n ? cuts[i] : sent.n;
		SHOW(sent.p, n);
		outcome = parser_read(p, sent.p, n, max);
	}
	SHOW(sent.p, sent.n);
	PROMISE(parser_read(p, sent.p, sent.n, max) == outcome);
	return outcome;
}

static void
check_every_cut(const struct parser *whole, str sent, size_t max)
{
	struct parser p;

	for (size_t cut = 0; cut < sent.n; cut++) {
		read_pieces(&p, sent, &cut, 1, max);
		check_same(whole, &p);
	}
	parser_begin(&p);
	for (size_t n = 0; n <= sent.n; n++)
		parser_read(&p, sent.p, n, max);
	check_same(whole, &p);
}

static int
by_size(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* Returns the length of the request; 0 if no complete request follows. */
static size_t
check_one(str sent, const size_t *cuts, size_t max, bool every_cut)
{
	struct parser whole, pieces;
	struct strict wanted;
	int outcome = read_pieces(&whole, sent, NULL, 0, max);

	strict_read(sent.p, sent.n, max, &wanted);
	check(&whole, outcome, sent, &wanted);
	PROMISE(read_pieces(&pieces, sent, cuts, CUTS, max) == outcome);
	check_same(&whole, &pieces);
	if (every_cut && sent.n <= EVERY_CUT_MAX_BYTES)
		check_every_cut(&whole, sent, max);
	return outcome == PARSER_WHOLE && whole.body_bytes <= sent.n - whole.bytes
		   ? whole.bytes + (size_t)whole.body_bytes
		   : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str sent = str_from(str_bytes(bytes, n), CUTS * CUT_BYTES);
	size_t cuts[CUTS], max = HTTP_HEAD_MAX_BYTES, taken;
	uint32_t mixed = 2166136261u;

	if (sent.n == 0)
		return 0;
	for (size_t i = 0; i < CUTS; i++)
		cuts[i] = (size_t)(bytes[i * CUT_BYTES] | bytes[i * CUT_BYTES + 1] << 8);
	if ((cuts[CUTS - 1] & LIMIT_BIT) != 0)
		max = LIMIT_LEAST + (cuts[CUTS - 1] & ~(size_t)LIMIT_BIT);
	for (size_t i = 0; i < CUTS; i++)
		cuts[i] %= sent.n;
	qsort(cuts, CUTS, sizeof(cuts[0]), by_size);
	for (size_t i = 0; i < n && i < 64; i++)
		mixed = (mixed ^ bytes[i]) * 16777619u;
	do {
		taken = check_one(sent, cuts, max, mixed % EVERY_CUT_ONE_IN == 0);
		sent = str_from(sent, taken);
	} while (taken > 0 && sent.n > 0);
	return 0;
}
