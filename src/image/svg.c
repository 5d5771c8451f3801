/*
 * SVG: expat parses the file, and each event is judged.  The lists here name all allowed elements and attributes.
 *
 * The elements draw shapes, gradients and texts.  Not on the list: script, foreignObject, image, a, animate, set,
 * filters, and all elements of other namespaces.  Patterns and markers are not on it either.  A marker is drawn for
 * each point of a path, and the paint of a group for each element inside it: svg_expand would not count these.  Names
 * are compared after expat resolved their namespace, and values after it decoded them, so a prefix or a character
 * reference hides nothing.
 *
 * A reference (`use`, a clip, a mask, a gradient) draws its target again, and the target may have references too.
 * After the parse svg_expand counts all elements that would be drawn.  Cycles and exponential growth exceed its limits.
 */
#include "image/internal.h"

#include "base/arena.h"
#include "base/buf.h"

#include <expat.h>

#define SVG_NAMESPACE "http://www.w3.org/2000/svg"
#define XLINK_NAMESPACE "http://www.w3.org/1999/xlink"
#define XML_NAMESPACE "http://www.w3.org/XML/1998/namespace"
#define SEPARATOR '|' /* between namespace and name; expat refuses it inside a namespace */

enum {
	SVG_DEPTH_MAX = 32,
	SVG_ELEMENTS_MAX = 4096,
	SVG_REFERENCES_MAX = 4096,
	SVG_CHAIN_MAX = 8,     /* references from target to target */
	SVG_DRAWN_MAX = 50000, /* elements and references, with those that references draw again */
	SVG_ARENA_BYTES = 1024 * 1024,
};

/* --- the lists ---------------------------------------------------------------------------------------------------- */

enum svg_element_flags {
	SVG_TEXT_ONLY = 1, /* has no elements inside */
	SVG_SHEET = 2,     /* its text is CSS */
	SVG_GRADIENT = 4,  /* a style sheet may refer to it: it draws nothing that has a style */
	SVG_REFERS = 8,    /* may have href */
};

static const struct svg_known_element {
	str name;
	unsigned flags;
} svg_known_elements[] = {
	{ STR_INIT("svg"), 0 },
	{ STR_INIT("g"), 0 },
	{ STR_INIT("defs"), 0 },
	{ STR_INIT("symbol"), 0 },
	{ STR_INIT("use"), SVG_REFERS },
	{ STR_INIT("path"), 0 },
	{ STR_INIT("rect"), 0 },
	{ STR_INIT("circle"), 0 },
	{ STR_INIT("ellipse"), 0 },
	{ STR_INIT("line"), 0 },
	{ STR_INIT("polyline"), 0 },
	{ STR_INIT("polygon"), 0 },
	{ STR_INIT("text"), 0 },
	{ STR_INIT("tspan"), 0 },
	{ STR_INIT("title"), SVG_TEXT_ONLY },
	{ STR_INIT("desc"), SVG_TEXT_ONLY },
	{ STR_INIT("style"), SVG_TEXT_ONLY | SVG_SHEET },
	{ STR_INIT("linearGradient"), SVG_GRADIENT | SVG_REFERS },
	{ STR_INIT("radialGradient"), SVG_GRADIENT | SVG_REFERS },
	{ STR_INIT("stop"), 0 },
	{ STR_INIT("clipPath"), 0 },
	{ STR_INIT("mask"), 0 },
};

/* Attributes whose value is checked as CSS, by words.  Words such as "none" and numbers pass that check. */
static const char svg_drawing_attributes[] =
    " style x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy width height d points pathLength viewBox preserveAspectRatio"
    " transform transform-origin version baseProfile offset gradientUnits gradientTransform spreadMethod"
    " clipPathUnits maskUnits maskContentUnits mask-type fill fill-opacity fill-rule stroke stroke-width "
    "stroke-opacity stroke-linecap"
    " stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset opacity color display visibility overflow"
    " clip-path clip-rule mask stop-color stop-opacity paint-order"
    " vector-effect shape-rendering text-rendering image-rendering color-rendering color-interpolation font-family"
    " font-size font-style font-weight font-variant font-stretch letter-spacing word-spacing text-anchor"
    " text-decoration dominant-baseline alignment-baseline baseline-shift textLength lengthAdjust rotate writing-mode"
    " direction isolation mix-blend-mode enable-background focusable type media ";

/* Attributes with a text that draws nothing and refers to nothing. */
static const char svg_text_attributes[] = " class role lang " XML_NAMESPACE "|lang " XML_NAMESPACE "|space ";

static bool
svg_words_have(str words, str name)
{
	while (words.p != NULL)
		if (str_equal(str_cut(&words, ' '), name))
			return name.n > 0;
	return false;
}

static bool
svg_attribute_is_text(str name)
{
	return str_starts(name, STR("data-")) || str_starts(name, STR("aria-")) ||
	       svg_words_have(str_of(svg_text_attributes), name);
}

static bool
svg_attribute_is_href(str name)
{
	return str_equal(name, STR("href")) || str_equal(name, STR(XLINK_NAMESPACE "|href"));
}

static const struct svg_known_element *
svg_known_element_find(str name)
{
	if (!str_starts(name, STR(SVG_NAMESPACE "|")))
		return NULL;
	for (size_t i = 0; i < COUNT(svg_known_elements); i++)
		if (str_equal(str_from(name, sizeof(SVG_NAMESPACE)), svg_known_elements[i].name))
			return &svg_known_elements[i];
	return NULL;
}

/* --- a file while it is judged ------------------------------------------------------------------------------------ */

struct svg_element {
	const struct svg_known_element *known;
	str id;       /* empty without one */
	size_t end;   /* the elements from the next one to this index lie inside */
	size_t first; /* its first reference; the next element's first one ends the list */
};

struct svg_reference {
	str name;
	unsigned long line;
	bool by_sheet;
	const struct svg_element *target; /* NULL: the file has no such element; it draws nothing */
};

struct svg {
	XML_Parser parser;
	struct why *why;
	struct arena arena;
	struct svg_element *elements;
	struct svg_reference *references;
	size_t elements_n, references_n, drawn;
	size_t open[SVG_DEPTH_MAX], depth; /* the elements that are not closed yet */
	struct buf sheet;                  /* the text of the open style element */
	err refused;                       /* ERR_OK: nothing was refused so far */
};

static void
svg_free(struct svg *s)
{
	if (s->parser != NULL)
		XML_ParserFree(s->parser);
	buf_wipe(&s->sheet);
	arena_wipe(&s->arena);
}

static unsigned long
svg_line(const struct svg *s)
{
	return XML_GetCurrentLineNumber(s->parser);
}

/* what: `the element "script"` */
static err
svg_not_allowed(struct svg *s, unsigned long line, const char *what)
{
	return why_set(s->why, ERR_INVALID, "has %s on line %lu, which is not allowed", what, line);
}

static err
svg_not_allowed_name(struct svg *s, const char *kind, str name)
{
	str rest = name, local = str_cut_last(&rest, SEPARATOR);

	return why_set(s->why, ERR_INVALID, "has the %s \"%.*s\" on line %lu, which is not allowed", kind,
		       STR_ARG(str_utf8_upto(local, 60)), svg_line(s));
}

/* --- references --------------------------------------------------------------------------------------------------- */

static err
svg_reference_add(struct svg *s, str name, bool by_sheet)
{
	struct svg_reference *reference = &s->references[s->references_n];

	if (s->references_n == SVG_REFERENCES_MAX)
		return why_set(s->why, ERR_INVALID, "has more than %d references", SVG_REFERENCES_MAX);
	*reference = (struct svg_reference){ .line = svg_line(s), .by_sheet = by_sheet };
	s->references_n++;
	return arena_copy(&s->arena, name, &reference->name);
}

/* The references of a style sheet, or of an attribute. */
static err
svg_css_take(struct svg *s, str css, bool by_sheet)
{
	char fault[SVG_FAULT_MAX];
	str name = STR("");

	do {
		if (svg_css_next(&css, &name, fault) != ERR_OK)
			return svg_not_allowed(s, svg_line(s), fault);
		if (name.n > 0)
			TRY(svg_reference_add(s, name, by_sheet));
	} while (name.n > 0);
	return ERR_OK;
}

static err
svg_href_take(struct svg *s, const struct svg_element *element, str value)
{
	if (!str_starts(value, STR("#")) || !svg_name_good(str_from(value, 1)))
		return why_set(s->why, ERR_INVALID,
			       "refers to \"%.*s\" on line %lu: only parts of the same file, like #name, are allowed",
			       STR_ARG(str_utf8_upto(value, 60)), svg_line(s));
	if ((element->known->flags & SVG_REFERS) == 0)
		return svg_not_allowed_name(s, "attribute", STR("href"));
	return svg_reference_add(s, str_from(value, 1), false);
}

/* --- elements ----------------------------------------------------------------------------------------------------- */

static err
svg_attribute_take(struct svg *s, struct svg_element *element, str name, str value)
{
	if (svg_attribute_is_href(name))
		return svg_href_take(s, element, value);
	if (str_equal(name, STR("id")))
		return arena_copy(&s->arena, value, &element->id);
	if (svg_words_have(str_of(svg_drawing_attributes), name))
		return svg_css_take(s, value, false);
	return svg_attribute_is_text(name) ? ERR_OK : svg_not_allowed_name(s, "attribute", name);
}

static const struct svg_known_element *
svg_parent(const struct svg *s)
{
	return s->depth == 0 ? NULL : s->elements[s->open[s->depth - 1]].known;
}

/* Is the element allowed here?  The root is svg, so that browsers take the file for an image. */
static err
svg_place_check(struct svg *s, str name, const struct svg_known_element *known)
{
	const struct svg_known_element *parent = svg_parent(s);

	if (parent != NULL && (parent->flags & SVG_TEXT_ONLY) != 0)
		return svg_not_allowed_name(s, "element", name);
	if (parent == NULL && !str_equal(known->name, STR("svg")))
		return why_set(s->why, ERR_INVALID, "begins with another element than svg");
	if (s->depth == SVG_DEPTH_MAX)
		return why_set(s->why, ERR_INVALID, "nests elements more than %d deep on line %lu", SVG_DEPTH_MAX,
			       svg_line(s));
	if (s->elements_n == SVG_ELEMENTS_MAX)
		return why_set(s->why, ERR_INVALID, "has more than %d elements", SVG_ELEMENTS_MAX);
	return ERR_OK;
}

static err
svg_element_begin(struct svg *s, str name, const char **attributes)
{
	const struct svg_known_element *known = svg_known_element_find(name);
	struct svg_element *element = &s->elements[s->elements_n];

	if (known == NULL)
		return svg_not_allowed_name(s, "element", name);
	TRY(svg_place_check(s, name, known));
	*element = (struct svg_element){ .known = known, .first = s->references_n };
	s->open[s->depth++] = s->elements_n++;
	for (size_t i = 0; attributes[i] != NULL; i += 2)
		TRY(svg_attribute_take(s, element, str_of(attributes[i]), str_of(attributes[i + 1])));
	return ERR_OK;
}

static err
svg_element_end(struct svg *s)
{
	struct svg_element *element = &s->elements[s->open[--s->depth]];

	element->end = s->elements_n;
	if ((element->known->flags & SVG_SHEET) == 0)
		return ERR_OK;
	TRY(buf_check(&s->sheet));
	TRY(svg_css_take(s, buf_str(&s->sheet), true));
	buf_clear(&s->sheet);
	return ERR_OK;
}

/* --- expat's events ----------------------------------------------------------------------------------------------- */

/* Keep the first refusal.  expat may still report an event or two after it was stopped. */
static void
svg_verdict(struct svg *s, err e)
{
	if (e == ERR_OK)
		return;
	s->refused = e;
	(void)XML_StopParser(s->parser, XML_FALSE);
}

static void XMLCALL
svg_on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct svg *s = context;

	if (s->refused == ERR_OK)
		svg_verdict(s, svg_element_begin(s, str_of(name), attributes));
}

static void XMLCALL
svg_on_end(void *context, const XML_Char *name)
{
	struct svg *s = context;

	if (s->refused == ERR_OK)
		svg_verdict(s, svg_element_end(s));
}

static void XMLCALL
svg_on_text(void *context, const XML_Char *text, int n)
{
	struct svg *s = context;
	const struct svg_known_element *parent = svg_parent(s);

	if (s->refused == ERR_OK && parent != NULL && (parent->flags & SVG_SHEET) != 0)
		buf_put(&s->sheet, str_bytes(text, (size_t)n));
}

static void
svg_refuse(struct svg *s, const char *what)
{
	if (s->refused == ERR_OK)
		svg_verdict(s, svg_not_allowed(s, svg_line(s), what));
}

static void XMLCALL
svg_on_doctype(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public, int subset)
{
	svg_refuse(context, "a DOCTYPE");
}

static void XMLCALL
svg_on_instruction(void *context, const XML_Char *target, const XML_Char *data)
{
	svg_refuse(context, "a processing instruction (<?…?>)");
}

static void XMLCALL
svg_on_cdata(void *context)
{
	svg_refuse(context, "a CDATA section");
}

/* The file is parsed as UTF-8, so browsers must do the same. */
static void XMLCALL
svg_on_declaration(void *context, const XML_Char *version, const XML_Char *encoding, int standalone)
{
	if (encoding != NULL && !str_equal_nocase(str_of(encoding), STR("UTF-8")))
		svg_refuse(context, "another encoding than UTF-8");
}

static void
svg_handlers_set(struct svg *s)
{
	XML_SetUserData(s->parser, s);
	XML_SetElementHandler(s->parser, svg_on_start, svg_on_end);
	XML_SetCharacterDataHandler(s->parser, svg_on_text);
	XML_SetStartDoctypeDeclHandler(s->parser, svg_on_doctype);
	XML_SetProcessingInstructionHandler(s->parser, svg_on_instruction);
	XML_SetStartCdataSectionHandler(s->parser, svg_on_cdata);
	XML_SetXmlDeclHandler(s->parser, svg_on_declaration);
}

static err
svg_malformed(struct svg *s)
{
	enum XML_Error code = XML_GetErrorCode(s->parser);

	if (code == XML_ERROR_NO_MEMORY)
		return ERR_MEMORY;
	return why_set(s->why, ERR_INVALID, "is not well-formed XML on line %lu: %s", svg_line(s),
		       XML_ErrorString(code));
}

static err
svg_parse(struct svg *s, str bytes)
{
	bool parsed;

	svg_handlers_set(s);
	parsed = XML_Parse(s->parser, bytes.p, (int)bytes.n, 1) == XML_STATUS_OK;
	if (s->refused != ERR_OK)
		return s->refused;
	return parsed ? ERR_OK : svg_malformed(s);
}

/* --- what references draw ----------------------------------------------------------------------------------------- */

static const struct svg_element *
svg_target_find(const struct svg *s, str id)
{
	for (size_t i = 0; i < s->elements_n; i++)
		if (str_equal(s->elements[i].id, id))
			return &s->elements[i];
	return NULL;
}

/*
 * A style sheet may refer to gradients only.  It could give the elements of each mask the next mask, and
 * svg_expand does not compute to which elements a rule applies.
 */
static err
svg_sheet_reference_check(struct svg *s, const struct svg_reference *reference)
{
	if (!reference->by_sheet || reference->target == NULL || (reference->target->known->flags & SVG_GRADIENT) != 0)
		return ERR_OK;
	return why_set(s->why, ERR_INVALID,
		       "has a style sheet that refers to #%.*s on line %lu: it may refer to gradients only.  Write the "
		       "reference as an attribute of the element",
		       STR_ARG(str_utf8_upto(reference->name, 60)), reference->line);
}

static err
svg_references_resolve(struct svg *s)
{
	for (size_t i = 0; i < s->references_n; i++) {
		s->references[i].target = svg_target_find(s, s->references[i].name);
		TRY(svg_sheet_reference_check(s, &s->references[i]));
	}
	return ERR_OK;
}

static size_t
svg_references_end(const struct svg *s, size_t at)
{
	return at + 1 < s->elements_n ? s->elements[at + 1].first : s->references_n;
}

static err svg_expand(struct svg *s, const struct svg_element *element, unsigned chain);

static err
svg_draw_one(struct svg *s)
{
	s->drawn++;
	return s->drawn <= SVG_DRAWN_MAX
		   ? ERR_OK
		   : why_set(s->why, ERR_INVALID, "draws more than %d elements with its references", SVG_DRAWN_MAX);
}

static err
svg_expand_references(struct svg *s, size_t at, unsigned chain)
{
	for (size_t i = s->elements[at].first; i < svg_references_end(s, at); i++) {
		const struct svg_reference *reference = &s->references[i];
		TRY(svg_draw_one(s));
		if (chain == SVG_CHAIN_MAX)
			return why_set(s->why, ERR_INVALID,
				       "has a cycle or a chain of more than %d references on line %lu", SVG_CHAIN_MAX,
				       reference->line);
		if (reference->target != NULL)
			TRY(svg_expand(s, reference->target, chain + 1));
	}
	return ERR_OK;
}

/* Count the elements that this one draws: itself, those inside it, and those that references draw again. */
static err
svg_expand(struct svg *s, const struct svg_element *element, unsigned chain)
{
	for (size_t at = (size_t)(element - s->elements); at < element->end; at++) {
		TRY(svg_draw_one(s));
		TRY(svg_expand_references(s, at, chain));
	}
	return ERR_OK;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

err
svg_check(str bytes, struct why *why)
{
	CLEANUP(svg_free) struct svg s = { .why = why, .arena = ARENA(SVG_ARENA_BYTES), .sheet = BUF(bytes.n + 1) };

	s.elements = arena_alloc(&s.arena, SVG_ELEMENTS_MAX * sizeof(*s.elements));
	s.references = arena_alloc(&s.arena, SVG_REFERENCES_MAX * sizeof(*s.references));
	s.parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
	if (s.elements == NULL || s.references == NULL || s.parser == NULL)
		return ERR_MEMORY;
	TRY(svg_parse(&s, bytes));
	TRY(svg_references_resolve(&s));
	return svg_expand(&s, &s.elements[0], 0);
}
