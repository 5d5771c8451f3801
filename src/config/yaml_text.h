/*
 * YAML files that users write: the access rules, Authelia's file of users.  libyaml reads them.  This module limits its
 * input, so that reading a file takes linear time.
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
	YAML_DEPTH_MAX = 32,   /* nested lists and mappings */
	YAML_ANCHORS_MAX = 100 /* anchors; an alias to one is refused */
};

struct yaml_text {
	yaml_document_t document;
	bool loaded;
};

/*
 * Read the only document of a file; name: the file's name for messages.  An empty file has no root node.  libyaml
 * copies the text, so the text need not outlive this call.
 *
 * ERR_INVALID, with a sentence that names the line: not YAML, nested deeper than YAML_DEPTH_MAX, an alias, more than
 * YAML_ANCHORS_MAX anchors, a %TAG line, a second document, UTF-16.  ERR_MEMORY.
 */
MUST_USE err yaml_text_load(str name, str text, struct yaml_text *ret_yaml, struct why *why);
void yaml_text_wipe(struct yaml_text *yaml);

/* The line on which a node begins, from 1; 0 for a NULL node. */
unsigned yaml_text_line(const yaml_node_t *node);

/* Is this YAML's null: ~, null, or nothing, without quotes? */
bool yaml_text_is_null(const yaml_node_t *node);

/* The text of a scalar; an empty one for NULL, a list or a mapping. */
str yaml_text_scalar(const yaml_node_t *node);

/* Is it a scalar without a tag? */
bool yaml_text_is_text(const yaml_node_t *node);

/* Is it a plain text, list or mapping?  A tag like !!binary would convert it to something else. */
bool yaml_text_untagged(const yaml_node_t *node);

#endif
