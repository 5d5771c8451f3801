#include "keeper/core/factor_kind.h"

#define FACTOR_KIND_ADDRESS(kind) &factor_kind_##kind,
const struct factor_kind *const factor_kinds[FACTOR_KINDS_COUNT] = { FACTOR_KINDS(FACTOR_KIND_ADDRESS) };

/* No functions: every account has a password, and separate questions verify it. */
const struct factor_kind factor_kind_password = { .name = "password", .amr = "pwd", .shows = SHOWS_KNOWLEDGE };

const struct factor_kind *
factor_kind_named(str name)
{
	for (size_t i = 0; i < FACTOR_KINDS_COUNT; i++)
		if (factor_kinds[i]->sealing_purpose != NULL && str_equal(name, str_of(factor_kinds[i]->name)))
			return factor_kinds[i];
	return NULL;
}

const struct factor_kind *
factor_kind_default(void)
{
	return &factor_kind_totp;
}
