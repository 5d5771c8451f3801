/*
 * How web and keeper write to each other: messages described by tables, one codec for both ends.
 *
 * A message is a struct and a table of its fields.  On the wire each field stands in the table's order: numbers
 * little-endian, texts as a 32-bit length and their bytes, tokens as 32 bytes.  Nothing is optional, nothing is
 * self-describing; what is left over, missing or longer than the table allows is ERR_PROTOCOL.
 * One message is one SOCK_SEQPACKET datagram of at most WIRE_MAX_BYTES.
 */
#ifndef IPC_WIRE_H
#define IPC_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { WIRE_MAX_BYTES = 16 * 1024, TOKEN_BYTES = 32 };

/* A session token, or its SHA-256.  All zero means "none". */
struct token {
	uint8_t b[TOKEN_BYTES];
};

enum wire_kind { WIRE_U32, WIRE_I64, WIRE_STR, WIRE_TOKEN };

struct wire_field {
	const char *name;
	size_t offset;
	enum wire_kind kind;
	uint32_t max; /* WIRE_U32: greatest value; WIRE_STR: bytes; else unused */
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

/* Append the message.  A text over its maximum, or a number, is remembered in out as ERR_TOO_LONG. */
void wire_put(struct buf *out, const struct wire_def *def, const void *message);

/*
 * Take one message off the front of *rest into ret_message (def->size bytes); its texts borrow from *rest.
 * ERR_PROTOCOL: truncated, or over a maximum; *rest and *ret_message are then not to be used.
 */
MUST_USE err wire_get(str *rest, const struct wire_def *def, void *ret_message);

#endif
