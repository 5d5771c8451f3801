#include "cli/json.h"

#include "base/mem.h"
#include "base/secret.h"

#include <jansson.h>
#include <stdalign.h>

/* --- memory that is wiped when jansson frees it: the size is stored in front of it -------------------------------- */

enum { FRONT = alignof(max_align_t) };
_Static_assert(sizeof(size_t) <= FRONT, "the size stands in front");

static void *
json_room_new(size_t n)
{
	char *p = n > SIZE_MAX - FRONT ? NULL : mem_new(FRONT + n);

	if (p == NULL)
		return NULL;
	memcpy(p, &n, sizeof(n));
	return p + FRONT;
}

static void
json_room_free(void *room)
{
	char *p = room;
	size_t n;

	if (p == NULL)
		return;
	p -= FRONT;
	memcpy(&n, p, sizeof(n));
	secret_wipe(p, FRONT + n);
	mem_drop(p);
}

/* --- text that is always valid UTF-8 ------------------------------------------------------------------------------ */

static void
json_put_repaired(struct buf *out, str text)
{
	while (text.n > 0) {
		int32_t point = 0;
		size_t n = str_utf8_next(text, &point);
		buf_put(out, n == 0 ? STR("\xef\xbf\xbd") : str_upto(text, n));
		text = str_from(text, n == 0 ? 1 : n);
	}
}

static json_t *
json_text_new(str text)
{
	CLEANUP(buf_wipe) struct buf repaired = BUF(text.n * 3);

	if (str_utf8_valid(text))
		return json_stringn_nocheck(text.p, text.n);
	json_put_repaired(&repaired, text);
	return buf_check(&repaired) == ERR_OK ? json_stringn_nocheck(repaired.p, repaired.n) : NULL;
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static json_t *
json_object_of(struct cli_json *line)
{
	if (line->object == NULL) {
		json_set_alloc_funcs(json_room_new, json_room_free);
		line->object = json_object();
	}
	return line->object;
}

/* Takes ownership of the value, also on failure; value is NULL if it could not be made. */
static void
json_put(struct cli_json *line, const char *name, json_t *value)
{
	if (json_object_set_new(json_object_of(line), name, value) != 0)
		line->failed = ERR_MEMORY;
}

void
cli_json_text(struct cli_json *line, const char *name, str text)
{
	json_object_of(line);
	json_put(line, name, json_text_new(text));
}

void
cli_json_number(struct cli_json *line, const char *name, int64_t number)
{
	json_object_of(line);
	json_put(line, name, json_integer(number));
}

void
cli_json_counter(struct cli_json *line, const char *name, uint64_t counter)
{
	CLEANUP(buf_wipe) struct buf digits = BUF(32);

	if (counter <= INT64_MAX) {
		cli_json_number(line, name, (int64_t)counter);
		return;
	}
	buf_printf(&digits, "%llu", (unsigned long long)counter);
	cli_json_text(line, name, buf_str(&digits));
}

void
cli_json_bool(struct cli_json *line, const char *name, bool yes)
{
	json_put(line, name, json_boolean(yes));
}

void
cli_json_null(struct cli_json *line, const char *name)
{
	json_put(line, name, json_null());
}

void
cli_json_object(struct cli_json *line, const char *name, str json)
{
	json_object_of(line);
	json_put(line, name, json_loadb(json.p, json.n, 0, NULL));
}

void
cli_json_list(struct cli_json *line, const char *name)
{
	json_object_of(line);
	json_put(line, name, json_array());
}

void
cli_json_list_text(struct cli_json *line, const char *name, str text)
{
	if (json_array_append_new(json_object_get(json_object_of(line), name), json_text_new(text)) != 0)
		line->failed = ERR_MEMORY;
}

void
cli_json_list_object(struct cli_json *line, const char *name, struct cli_json *object)
{
	json_t *list = json_object_get(json_object_of(line), name);

	if (json_array_append_new(list, json_object_of(object)) != 0 || object->failed != ERR_OK)
		line->failed = ERR_MEMORY;
	object->object = NULL; /* the list has it, or it was freed */
}

err
cli_json_put(struct cli_json *line, struct buf *out)
{
	char *text = line->failed != ERR_OK ? NULL : json_dumps(json_object_of(line), JSON_COMPACT);

	cli_json_wipe(line);
	if (text == NULL)
		return ERR_MEMORY;
	buf_put(out, str_of(text));
	buf_put_byte(out, '\n');
	json_room_free(text);
	return buf_check(out);
}

void
cli_json_wipe(struct cli_json *line)
{
	json_decref(line->object);
	*line = (struct cli_json){ 0 };
}

err
cli_json_indent(str json, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	char *text;

	json_object_of(&line);
	json_put(&line, "", json_loadb(json.p, json.n, 0, NULL));
	text = line.failed != ERR_OK ? NULL : json_dumps(json_object_get(line.object, ""), JSON_INDENT(2));
	if (text == NULL)
		return ERR_INVALID;
	buf_put(out, str_of(text));
	buf_put_byte(out, '\n');
	json_room_free(text);
	return buf_check(out);
}
