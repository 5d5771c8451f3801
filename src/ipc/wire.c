#include "ipc/wire.h"

static void
wire_put_u32(struct buf *out, uint32_t v)
{
	buf_put(out,
		str_bytes((uint8_t[]){ (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) }, 4));
}

static void
wire_put_limited(struct buf *out, uint32_t v, uint32_t max)
{
	if (v > max && out->failed == ERR_OK)
		out->failed = ERR_TOO_LONG;
	wire_put_u32(out, v);
}

static void
wire_put_field(struct buf *out, const struct wire_field *field, const void *at)
{
	uint64_t number = 0;
	const str *text = at;

	switch (field->kind) {
	case WIRE_U32:
		wire_put_limited(out, *(const uint32_t *)at, field->max);
		break;
	case WIRE_I64:
		memcpy(&number, at, sizeof(number));
		wire_put_u32(out, (uint32_t)number);
		wire_put_u32(out, (uint32_t)(number >> 32));
		break;
	case WIRE_STR:
		wire_put_limited(out, text->n > UINT32_MAX ? UINT32_MAX : (uint32_t)text->n, field->max);
		buf_put(out, *text);
		break;
	case WIRE_TOKEN:
		buf_put(out, str_bytes(at, TOKEN_BYTES));
		break;
	}
}

void
wire_put(struct buf *out, const struct wire_def *def, const void *message)
{
	for (size_t i = 0; i < def->count; i++)
		wire_put_field(out, &def->fields[i], (const char *)message + def->fields[i].offset);
}

static err
wire_take(str *rest, size_t n, str *ret_bytes)
{
	if (rest->n < n)
		return ERR_PROTOCOL;
	*ret_bytes = str_upto(*rest, n);
	*rest = (str){ rest->p + n, rest->n - n };
	return ERR_OK;
}

static err
wire_get_u32(str *rest, uint32_t max, uint32_t *ret_v)
{
	str s = { 0 };

	TRY(wire_take(rest, 4, &s));
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t v = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	if (v > max)
		return ERR_PROTOCOL;
	*ret_v = v;
	return ERR_OK;
}

static err
wire_get_i64(str *rest, int64_t *ret_v)
{
	uint32_t low = 0, high = 0;

	TRY(wire_get_u32(rest, UINT32_MAX, &low));
	TRY(wire_get_u32(rest, UINT32_MAX, &high));
	*ret_v = (int64_t)((uint64_t)high << 32 | low);
	return ERR_OK;
}

static err
wire_get_str(str *rest, uint32_t max, str *ret_text)
{
	uint32_t n = 0;

	TRY(wire_get_u32(rest, max, &n));
	return wire_take(rest, n, ret_text);
}

static err
wire_get_token(str *rest, struct token *ret_token)
{
	str bytes = { 0 };

	TRY(wire_take(rest, TOKEN_BYTES, &bytes));
	memcpy(ret_token->b, bytes.p, TOKEN_BYTES);
	return ERR_OK;
}

static err
wire_get_field(str *rest, const struct wire_field *field, void *at)
{
	switch (field->kind) {
	case WIRE_U32:
		return wire_get_u32(rest, field->max, at);
	case WIRE_I64:
		return wire_get_i64(rest, at);
	case WIRE_STR:
		return wire_get_str(rest, field->max, at);
	case WIRE_TOKEN:
		return wire_get_token(rest, at);
	}
	return ERR_PROTOCOL;
}

err
wire_get(str *rest, const struct wire_def *def, void *ret_message)
{
	for (size_t i = 0; i < def->count; i++)
		TRY(wire_get_field(rest, &def->fields[i], (char *)ret_message + def->fields[i].offset));
	return ERR_OK;
}
