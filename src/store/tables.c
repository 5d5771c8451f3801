#include "store/driver.h"

const struct store_table store_tables[] = {
	{ "schema_migrations", "version" },
	{ "accounts", "id" },
	{ "sessions", "id" },
	{ "factors", "id" },
	{ "keys", "key_id" },
	{ "audit", "id" },
	{ "recovery_codes", "id" },
	{ "links", "id" },
	{ "throttle", "counter, place" },
	{ "devices", "id" },
	{ "gate_tickets", "id" },
	{ "passkeys", "factor_id" },
	{ "passkeys_removed", "id" },
	{ "closed_names", "name" },
	{ "oidc_keys", "id" },
	{ "oidc_clients", "id" },
	{ "oidc_secrets", "id" },
	{ "oidc_consents", "id" },
	{ "oidc_sids", "id" },
	{ "oidc_grants", "id" },
	{ "oidc_codes", "id" },
	{ "oidc_access_tokens", "id" },
};
const size_t store_tables_count = COUNT(store_tables);
