/*
 * The encoding of messages between web and keeper: tables describe the messages, and both ends use one codec.
 *
 * A message is a struct and a table of its fields.  The fields are encoded in the table's order: numbers
 * little-endian, texts as a 32-bit length and their bytes, tokens as 32 bytes.  No field is optional, and the
 * encoding has no type information.  Surplus or missing bytes, and values over the table's maximum, are
 * ERR_PROTOCOL.  A message is one SOCK_SEQPACKET datagram of at most WIRE_MAX_BYTES.
 */
#ifndef IPC_WIRE_H
#define IPC_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { WIRE_MAX_BYTES = 48 * 1024, TOKEN_BYTES = 32 };

/* A session token, or its SHA-256.  All zero means "none". */
struct token {
	uint8_t b[TOKEN_BYTES];
};

enum wire_kind { WIRE_U32, WIRE_I64, WIRE_STR, WIRE_TOKEN };

struct wire_field {
	const char *name;
	size_t offset;
	enum wire_kind kind;
	uint32_t max; /* WIRE_U32: largest value; WIRE_STR: bytes; otherwise unused */
};

struct wire_def {
	const char *name;
	size_t size; /* sizeof the struct */
	const struct wire_field *fields;
	size_t count;
};

#define WIRE_KIND(type, member)                                                                                        \
	_Generic(((type *)0)->member, uint32_t                                                                         \
		 : WIRE_U32, int64_t                                                                                   \
		 : WIRE_I64, str                                                                                       \
		 : WIRE_STR, struct token                                                                              \
		 : WIRE_TOKEN)
#define WIRE_FIELD(type, member, most)                                                                                 \
	{                                                                                                              \
#member, offsetof(type, member), WIRE_KIND(type, member), (most)                                       \
	}
#define WIRE_DEF(type, table)                                                                                          \
	{                                                                                                              \
#type, sizeof(type), (table), COUNT(table)                                                             \
	}

/* Append the message.  A text or number over its maximum sets out->failed to ERR_TOO_LONG. */
void wire_put(struct buf *out, const struct wire_def *def, const void *message);

/*
 * Decode one message from the front of *rest into ret_message (def->size bytes).  Its texts point into *rest.
 * ERR_PROTOCOL: truncated, or over a maximum; *rest and *ret_message must not be used then.
 */
MUST_USE err wire_get(str *rest, const struct wire_def *def, void *ret_message);

#endif
