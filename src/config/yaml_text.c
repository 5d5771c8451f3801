#include "config/yaml_text.h"

struct reading {
	str name, text;
	struct why *why;
	yaml_parser_t parser;
	unsigned depth, anchors, documents;
	struct yaml_text *yaml;
};

unsigned
yaml_text_line(const yaml_node_t *node)
{
	return node == NULL ? 0 : (unsigned)node->start_mark.line + 1;
}

bool
yaml_text_is_null(const yaml_node_t *node)
{
	static const str words[] = { STR_INIT(""), STR_INIT("~"), STR_INIT("null"), STR_INIT("Null"),
				     STR_INIT("NULL") };

	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_equal(str_bytes(node->data.scalar.value, node->data.scalar.length), words[i]))
			return true;
	return false;
}

bool
yaml_text_untagged(const yaml_node_t *node)
{
	static const char *const plain[] = { [YAML_SCALAR_NODE] = YAML_STR_TAG,
					     [YAML_SEQUENCE_NODE] = YAML_SEQ_TAG,
					     [YAML_MAPPING_NODE] = YAML_MAP_TAG };

	return node->tag == NULL || strcmp((const char *)node->tag, plain[node->type]) == 0;
}

str
yaml_text_scalar(const yaml_node_t *node)
{
	if (node == NULL || node->type != YAML_SCALAR_NODE)
		return (str){ 0 };
	return str_bytes(node->data.scalar.value, node->data.scalar.length);
}

bool
yaml_text_is_text(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && yaml_text_untagged(node);
}

void
yaml_text_wipe(struct yaml_text *yaml)
{
	if (yaml->loaded)
		yaml_document_delete(&yaml->document);
	yaml->loaded = false;
}

static err
yaml_text_wrong(const struct reading *r, size_t line, const char *sentence)
{
	return why_set(r->why, ERR_INVALID, "%.*s, line %zu: %s.", STR_ARG(str_upto(r->name, 200)), line + 1, sentence);
}

/* For a byte that is not UTF-8 libyaml gives its offset, not its line: count the lines before it. */
static size_t
yaml_text_failed_line(const struct reading *r)
{
	size_t line = 0;

	if (r->parser.error != YAML_READER_ERROR)
		return r->parser.problem_mark.line;
	for (size_t i = 0; i < r->parser.problem_offset && i < r->text.n; i++)
		line += r->text.p[i] == '\n';
	return line;
}

static err
yaml_text_failed(const struct reading *r)
{
	if (r->parser.error == YAML_MEMORY_ERROR)
		return ERR_MEMORY;
	if (r->parser.context != NULL && strstr(r->parser.context, "alias") != NULL)
		return yaml_text_wrong(r, r->parser.problem_mark.line,
				       "put a text that begins with * in quotes: '*.example.org'");
	return yaml_text_wrong(r, yaml_text_failed_line(r),
			       r->parser.problem == NULL ? "this is not YAML" : r->parser.problem);
}

/* --- first pass, over events: may the text be loaded? ------------------------------------------------------------- */

static const char *
yaml_text_anchor_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return (const char *)event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static void
yaml_text_event_count(struct reading *r, const yaml_event_t *event)
{
	if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
		r->depth++;
	if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT)
		r->depth--;
	r->anchors += yaml_text_anchor_of(event) != NULL;
	r->documents += event->type == YAML_DOCUMENT_START_EVENT;
}

static err
yaml_text_event_check(struct reading *r, const yaml_event_t *event)
{
	yaml_text_event_count(r, event);
	if (event->type == YAML_ALIAS_EVENT)
		return yaml_text_wrong(
		    r, event->start_mark.line,
		    "aliases (`*name`) are not supported: write the value itself, and put a text that begins with * "
		    "in quotes: '*.example.org'");
	if (r->depth > YAML_DEPTH_MAX)
		return yaml_text_wrong(r, event->start_mark.line, "lists and mappings are nested deeper than 32");
	if (r->anchors > YAML_ANCHORS_MAX)
		return yaml_text_wrong(r, event->start_mark.line, "there are more than 100 anchors (`&name`)");
	if (r->documents > 1)
		return yaml_text_wrong(r, event->start_mark.line, "a second document begins here (`---`)");
	return ERR_OK;
}

/* Refuse %TAG lines: libyaml compares each with all earlier ones. */
static err
yaml_text_directives_check(const struct reading *r, str text)
{
	for (size_t line = 0; text.n > 0; line++)
		if (str_starts(str_cut(&text, '\n'), STR("%TAG")))
			return yaml_text_wrong(r, line, "%TAG lines are not supported");
	return ERR_OK;
}

static err
yaml_text_events_check(struct reading *r)
{
	bool more = true;
	err e = ERR_OK;

	while (more && e == ERR_OK) {
		yaml_event_t event;
		if (yaml_parser_parse(&r->parser, &event) != 1)
			return yaml_text_failed(r);
		e = yaml_text_event_check(r, &event);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	return e;
}

/* --- both passes -------------------------------------------------------------------------------------------------- */

static err
yaml_text_parser_with(struct reading *r, str text, err (*work)(struct reading *r))
{
	err e;

	if (yaml_parser_initialize(&r->parser) != 1)
		return ERR_MEMORY;
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text.p, text.n);
	e = work(r);
	yaml_parser_delete(&r->parser);
	return e;
}

static err
yaml_text_document_load(struct reading *r)
{
	r->yaml->loaded = yaml_parser_load(&r->parser, &r->yaml->document) == 1;
	return r->yaml->loaded ? ERR_OK : yaml_text_failed(r);
}

err
yaml_text_load(str name, str text, struct yaml_text *ret_yaml, struct why *why)
{
	struct reading reading = { .name = name, .why = why, .yaml = ret_yaml };

	*ret_yaml = (struct yaml_text){ .loaded = false };
	if (str_is_utf16(text))
		return why_set(why, ERR_INVALID, "%.*s is UTF-16.  Save it as UTF-8.", STR_ARG(str_upto(name, 200)));
	text = str_without_bom(text);
	reading.text = text;
	TRY(yaml_text_directives_check(&reading, text));
	TRY(yaml_text_parser_with(&reading, text, yaml_text_events_check));
	return yaml_text_parser_with(&reading, text, yaml_text_document_load);
}
