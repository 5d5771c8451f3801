ALTER TABLE oidc_grants DROP COLUMN refused_at_us;
ALTER TABLE oidc_grants DROP COLUMN factor_id;
