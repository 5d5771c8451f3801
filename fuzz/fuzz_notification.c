/*
 * notification_read: notifications from another node, or from any program that may write to the database's channel.
 * It returns complete hashes in lower-case hexadecimal, each unchanged, up to the first malformed one.
 */
#include "target.h"

#include "keeper/core/notification.h"

struct reading {
	str text;
	size_t n;
};

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
take(void *context, const struct token *hash)
{
	struct reading *reading = context;

	PROMISE((reading->n + 1) * 2 * TOKEN_BYTES <= reading->text.n);
	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		const char *p = reading->text.p + (reading->n * TOKEN_BYTES + i) * 2;
		PROMISE(digit(p[0]) >= 0 && digit(p[1]) >= 0);
		PROMISE(hash->b[i] == digit(p[0]) * 16 + digit(p[1]));
	}
	reading->n++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct reading reading = { .text = str_bytes(bytes, n) };
	size_t whole = 0;

	notification_read(reading.text, take, &reading);
	while (whole < n && digit((char)bytes[whole]) >= 0)
		whole++;
	PROMISE(reading.n == whole / (2 * TOKEN_BYTES));
	return 0;
}
