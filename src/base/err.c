#include "base/err.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

const char *
err_name(err e)
{
	static const char *const names[ERR_COUNT] = {
		[ERR_OK] = "ok",
		[ERR_MEMORY] = "memory",
		[ERR_INVALID] = "invalid",
		[ERR_TOO_LONG] = "too-long",
		[ERR_NOT_FOUND] = "not-found",
		[ERR_EXISTS] = "exists",
		[ERR_DENIED] = "denied",
		[ERR_IO] = "io",
		[ERR_BUSY] = "busy",
		[ERR_AWAY] = "away",
		[ERR_CORRUPT] = "corrupt",
		[ERR_CRYPTO] = "crypto",
		[ERR_PROTOCOL] = "protocol",
		[ERR_CONFIG] = "config",
		[ERR_LOCKOUT] = "wait",
		[ERR_GONE] = "gone",
		[ERR_STALE] = "stale",
		[ERR_SLOW] = "slow",
	};

	return (unsigned)e < ERR_COUNT ? names[e] : "unknown";
}

err
why_set(struct why *why, err e, const char *format, ...)
{
	char text[sizeof(why->text)];
	va_list args;

	if (why == NULL)
		return e;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	str_visible_z(str_of(text), why->text, sizeof(why->text));
	return e;
}
