/*
 * Functions that the files access_file*.c share.  These files read the access rules.
 *
 *   access_file.c           the file, its top-level keys, and the checks against the settings
 *   access_file_yaml.c      texts, lists and mappings
 *   access_file_rules.c     the key `rules`
 *   access_file_networks.c  the keys `networks`
 *   access_file_apps.c      the key `applications`
 */
#ifndef ACCESS_ACCESS_FILE_INTERNAL_H
#define ACCESS_ACCESS_FILE_INTERNAL_H

#include "config/yaml_text.h"
#include "access/access.h"

/* A name in the top-level key `networks`. */
struct access_named_networks {
	str name;
	struct config_network *at;
	size_t n;
};

/* A file while it is parsed. */
struct access_reading {
	str name;
	struct yaml_text yaml;
	struct access_rules *rules;
	struct access_named_networks *named;
	size_t named_n;
	struct why *why;
};

/* ERR_CONFIG, with a sentence that begins with the file's name and the node's line. */
MUST_USE err access_file_wrong(struct access_reading *r, const yaml_node_t *node, const char *sentence);
/* The same: "<takes>, not "<value>"." */
MUST_USE err access_file_wrong_value(struct access_reading *r, const yaml_node_t *node, const char *takes, str value);

str access_file_scalar(const yaml_node_t *node);
/* The text of a key.  Empty: the node is not a text, or it is YAML's merge key. */
str access_file_key_text(const yaml_node_t *node);
const yaml_node_t *access_file_node_at(struct access_reading *r, int index);
/* An item of a list, or the single text in place of a list. */
const yaml_node_t *access_file_item_at(struct access_reading *r, const yaml_node_t *node, size_t i);

/* A check for the texts of a list; takes: "a domain is ...". */
struct access_kind {
	bool (*good)(str text);
	const char *takes;
};
extern const struct access_kind access_kind_group;

enum { ACCESS_TEXTS_MAX = 200 }; /* in a list of texts; also the most named networks */

/* One text of this kind, copied into the arena of the rules. */
MUST_USE err access_file_text_read(struct access_reading *r, const yaml_node_t *node, const struct access_kind *kind,
				   str *ret_text);
/* One text, or a list of them. */
MUST_USE err access_file_texts_read(struct access_reading *r, const yaml_node_t *node, const struct access_kind *kind,
				    struct access_texts *texts);

/*
 * A key of a rule or an application.  Exactly one of text, texts and read is set: one text, one text or a list, or a
 * function that reads the value.
 */
struct access_key {
	const char *name;
	const struct access_kind *text, *texts;
	size_t offset; /* of the str or struct access_texts in the rule or application */
	err (*read)(struct access_reading *r, const yaml_node_t *node, void *subject);
};

#define ACCESS_KEY_TEXT(key, type, member, kind)                                                                       \
	{                                                                                                              \
		.name = (key), .text = &(kind), .offset = _Generic(((type *)0)->member, str : offsetof(type, member)), \
	}
#define ACCESS_KEY_TEXTS(key, type, member, kind)                                                                      \
	{                                                                                                              \
		.name = (key), .texts = &(kind),                                                                       \
		.offset = _Generic(((type *)0)->member, struct access_texts                                            \
				   : offsetof(type, member)),                                                          \
	}

enum { ACCESS_KEYS_MAX = 32 };

struct access_mapping {
	const struct access_key *keys;
	size_t n;            /* at most ACCESS_KEYS_MAX */
	const char *written; /* "a rule is written as ..." */
	const char *takes;   /* "a rule has domain, ..." */
	const char *twice;   /* "this key occurs twice ..." */
};

/* Read the keys of the mapping into the subject, a rule or an application.  Unknown and repeated keys are refused. */
MUST_USE err access_file_mapping_read(struct access_reading *r, const yaml_node_t *node,
				      const struct access_mapping *mapping, void *subject);

struct access_list {
	size_t most, item_bytes;
	err (*read)(struct access_reading *r, const yaml_node_t *node, void *item);
	const char *written;  /* "rules is a list: ..." */
	const char *too_many; /* "there are more than ..." */
};

/* Memory for the items of the list, zeroed. */
MUST_USE err access_file_list_new(struct access_reading *r, const yaml_node_t *list, const struct access_list *kind,
				  void **ret_items);
/*
 * Read each item of the list into the memory of access_file_list_new.
 *
 *   n  0; counts the items while they are read, so that `read` can compare an item with those before it
 */
MUST_USE err access_file_list_read(struct access_reading *r, const yaml_node_t *list, const struct access_list *kind,
				   void *items, size_t *n);

/* The values of the top-level keys `rules`, `networks` and `applications`. */
MUST_USE err access_file_rules_read(struct access_reading *r, const yaml_node_t *list);
MUST_USE err access_file_named_networks_read(struct access_reading *r, const yaml_node_t *node);
MUST_USE err access_file_apps_read(struct access_reading *r, const yaml_node_t *list);

/* The key `networks` of a rule.  The named networks must have been read. */
MUST_USE err access_file_networks_read(struct access_reading *r, const yaml_node_t *node, void *rule);

#endif
