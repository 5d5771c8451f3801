-- Grants of applications: docs/develop/openid-connect.md.

-- The factor that the session had verified; 0: none.  NULL: unknown, made before this migration.
ALTER TABLE oidc_grants ADD COLUMN factor_id INTEGER;

-- When the audit trail last got a refusal of its refresh token; 0: never.
ALTER TABLE oidc_grants ADD COLUMN refused_at_us INTEGER NOT NULL DEFAULT 0;
