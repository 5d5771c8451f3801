#include "oidc/client.h"

static const char *const algs[OIDC_ALG_COUNT] = { "RS256", "ES256", "EdDSA" };

static const struct {
	unsigned bit;
	str name;
} scopes[] = {
	{ OIDC_SCOPE_OPENID, STR_INIT("openid") },
	{ OIDC_SCOPE_PROFILE, STR_INIT("profile") },
	{ OIDC_SCOPE_EMAIL, STR_INIT("email") },
	{ OIDC_SCOPE_GROUPS, STR_INIT("groups") },
	{ OIDC_SCOPE_OFFLINE, STR_INIT("offline_access") },
};

const char *
oidc_alg_name(enum oidc_alg alg)
{
	return alg < OIDC_ALG_COUNT ? algs[alg] : "";
}

bool
oidc_alg_read(str name, enum oidc_alg *ret_alg)
{
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		if (str_equal(name, str_of(algs[alg]))) {
			*ret_alg = alg;
			return true;
		}
	}
	return false;
}

static unsigned
oidc_scope_bit(str word)
{
	for (size_t i = 0; i < COUNT(scopes); i++)
		if (str_equal(scopes[i].name, word))
			return scopes[i].bit;
	return 0;
}

unsigned
oidc_scopes_read(str list)
{
	unsigned bits = 0;

	while (list.n > 0)
		bits |= oidc_scope_bit(str_cut(&list, ' '));
	return bits;
}

void
oidc_scopes_put(struct buf *out, unsigned bits)
{
	bool first = true;

	for (size_t i = 0; i < COUNT(scopes); i++) {
		if ((bits & scopes[i].bit) == 0)
			continue;
		if (!first)
			buf_put_byte(out, ' ');
		buf_put(out, scopes[i].name);
		first = false;
	}
}
