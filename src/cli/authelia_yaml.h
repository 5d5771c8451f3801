/* Values of Authelia's YAML files, read as Go's yaml.v3 reads them. */
#ifndef CLI_AUTHELIA_YAML_H
#define CLI_AUTHELIA_YAML_H

#include "config/yaml_text.h"

/*
 * Read a bool: the words of YAML 1.2 only unquoted, those of YAML 1.1 with or without quotes.  Null leaves *ret_yes
 * unchanged.  False: another word.
 */
bool authelia_yaml_bool(const yaml_node_t *node, bool *ret_yes);

/* The value of a key in a mapping, or NULL: no mapping, or no such key. */
const yaml_node_t *authelia_yaml_value(yaml_document_t *document, const yaml_node_t *mapping, const char *key);

#endif
