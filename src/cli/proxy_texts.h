/*
 * The configurations that `doubletour proxy-config` prints, generated from proxies/ by tools/embed_texts.py.
 */
#ifndef CLI_PROXY_TEXTS_H
#define CLI_PROXY_TEXTS_H

#include <stddef.h>

struct embedded_text {
	const char *name; /* the file's name: "nginx.conf" */
	const char *text;
};
extern const struct embedded_text proxy_texts[];
extern const size_t proxy_texts_count;

#endif
