/*
 * YAML files that people write for us: the rules of the gate, Authelia's file of users.  libyaml reads them; this module bounds
 * what it is given, so that the time to read a file is linear in its size.
 *
 *	CLEANUP(yaml_text_wipe) struct yaml_text yaml = { .loaded = false };
 *	TRY(yaml_text_load(STR("rules.yaml"), text, &yaml, why));
 *	const yaml_node_t *root = yaml_document_get_root_node(&yaml.document);
 */
#ifndef CONFIG_YAML_TEXT_H
#define CONFIG_YAML_TEXT_H

#include "base/err.h"
#include "base/str.h"

#include <yaml.h>

enum {
	YAML_DEPTH_MAX = 32,   /* lists and mappings inside each other */
	YAML_ANCHORS_MAX = 100 /* anchors; an alias to one is refused */
};

struct yaml_text {
	yaml_document_t document;
	bool loaded;
};

/*
 * Read the one document of a file; name: of the file, for sentences.  An empty file has no root node.  The text must outlive
 * nothing: libyaml copies it.
 *
 * ERR_INVALID, with a sentence that names the line: not YAML, nested deeper than YAML_DEPTH_MAX, an alias, more than
 * YAML_ANCHORS_MAX anchors, a %TAG line, a second document, UTF-16.  ERR_MEMORY.
 */
MUST_USE err yaml_text_load(str name, str text, struct yaml_text *ret_yaml, struct why *why);
void yaml_text_wipe(struct yaml_text *yaml);

/* The line on which a node begins, from 1; 0 for NULL. */
unsigned yaml_text_line(const yaml_node_t *node);

/* Is it what YAML takes for no value: ~, null, or nothing at all, and not in quotes? */
bool yaml_text_is_null(const yaml_node_t *node);

/* Is it what is written there, a text, a list or a mapping?  A tag like !!binary would make something else of it. */
bool yaml_text_untagged(const yaml_node_t *node);

#endif
