-- Clients of OpenID Connect and their secrets.

-- name: oidc_client_named
-- row: oidc_client: id int, client_id text, name text, preset text, launch_url text, redirect_uris text,
-- row: logout_uris text, backchannel_uri text, public bool, auth_method text, scopes text, pkce_optional bool,
-- row: consent text, id_token_alg text, id_token_minimal bool, refresh_fixed bool, refresh_session bool,
-- row: offline_without_consent bool, insecure_redirect bool, max_age_s int, access_token_s int, claims text,
-- row: created_at_us int, disabled_at_us int?
SELECT id, client_id, name, preset, launch_url, redirect_uris, logout_uris, backchannel_uri, public, auth_method, scopes,
       pkce_optional, consent, id_token_alg, id_token_minimal, refresh_fixed, refresh_session, offline_without_consent,
       insecure_redirect, max_age_s, access_token_s, claims, created_at_us, disabled_at_us
FROM oidc_clients WHERE client_id = $1;

-- name: oidc_client_by_id
-- row: oidc_client
SELECT id, client_id, name, preset, launch_url, redirect_uris, logout_uris, backchannel_uri, public, auth_method, scopes,
       pkce_optional, consent, id_token_alg, id_token_minimal, refresh_fixed, refresh_session, offline_without_consent,
       insecure_redirect, max_age_s, access_token_s, claims, created_at_us, disabled_at_us
FROM oidc_clients WHERE id = $1;

-- name: oidc_client_list
-- row: oidc_client
SELECT id, client_id, name, preset, launch_url, redirect_uris, logout_uris, backchannel_uri, public, auth_method, scopes,
       pkce_optional, consent, id_token_alg, id_token_minimal, refresh_fixed, refresh_session, offline_without_consent,
       insecure_redirect, max_age_s, access_token_s, claims, created_at_us, disabled_at_us
FROM oidc_clients WHERE client_id > $1 ORDER BY client_id LIMIT $2;

-- name: oidc_client_insert
INSERT INTO oidc_clients (id, client_id, name, preset, launch_url, redirect_uris, logout_uris, backchannel_uri, public,
                          auth_method, scopes, pkce_optional, consent, id_token_alg, id_token_minimal, refresh_fixed,
                          refresh_session, offline_without_consent, insecure_redirect, max_age_s, access_token_s, claims,
                          created_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23);

-- name: oidc_client_update
UPDATE oidc_clients
SET client_id = $2, name = $3, preset = $4, launch_url = $5, redirect_uris = $6, logout_uris = $7, backchannel_uri = $8,
    public = $9, auth_method = $10, scopes = $11, pkce_optional = $12, consent = $13, id_token_alg = $14,
    id_token_minimal = $15, refresh_fixed = $16, refresh_session = $17, offline_without_consent = $18,
    insecure_redirect = $19, max_age_s = $20, access_token_s = $21, claims = $22
WHERE id = $1;

-- name: oidc_client_disable
UPDATE oidc_clients SET disabled_at_us = $1 WHERE id = $2 AND disabled_at_us IS NULL;

-- name: oidc_client_enable
UPDATE oidc_clients SET disabled_at_us = NULL WHERE id = $1 AND disabled_at_us IS NOT NULL;

-- name: oidc_client_delete
DELETE FROM oidc_clients WHERE id = $1;

-- name: oidc_client_grants_end
-- Codes and tokens belong to grants.
DELETE FROM oidc_grants WHERE client_id = $1;

-- name: oidc_secret_list
-- row: id int, secret_hash blob, imported bool, created_at_us int, expires_at_us int?
SELECT id, secret_hash, imported, created_at_us, expires_at_us FROM oidc_secrets
WHERE client_id = $1 AND (expires_at_us IS NULL OR expires_at_us > $2) ORDER BY created_at_us DESC, id DESC;

-- name: oidc_secret_insert
INSERT INTO oidc_secrets (id, client_id, secret_hash, imported, created_at_us, expires_at_us)
VALUES ($1, $2, $3, $4, $5, NULL);

-- name: oidc_secret_hash_replace
-- Only if no other request replaced it first.
UPDATE oidc_secrets SET secret_hash = $1 WHERE id = $2 AND secret_hash = $3;

-- name: oidc_secrets_delete_others
DELETE FROM oidc_secrets WHERE client_id = $1 AND id <> $2;

-- name: oidc_secrets_delete
DELETE FROM oidc_secrets WHERE client_id = $1;

-- name: oidc_secrets_expire
-- All of a client; an earlier end stays.
UPDATE oidc_secrets SET expires_at_us = $1 WHERE client_id = $2 AND (expires_at_us IS NULL OR expires_at_us > $1);

-- name: oidc_subject_known
-- known: an application has learned the subject of the account.
-- row: subject text, known bool
SELECT subject, subject <> '' AND (EXISTS (SELECT 1 FROM oidc_grants WHERE account_id = $1)
       OR EXISTS (SELECT 1 FROM oidc_consents WHERE account_id = $1)) AS known
FROM accounts WHERE id = $1;

-- name: oidc_subject_import
UPDATE accounts SET subject = $1 WHERE id = $2;

-- name: upkeep_clients
-- row: oidc_client
SELECT id, client_id, name, preset, launch_url, redirect_uris, logout_uris, backchannel_uri, public, auth_method, scopes,
       pkce_optional, consent, id_token_alg, id_token_minimal, refresh_fixed, refresh_session, offline_without_consent,
       insecure_redirect, max_age_s, access_token_s, claims, created_at_us, disabled_at_us
FROM oidc_clients ORDER BY id;

-- name: upkeep_client_secrets
-- row: id int, client_id text, secret_hash blob, imported bool
SELECT s.id, c.client_id, s.secret_hash, s.imported FROM oidc_secrets s JOIN oidc_clients c ON c.id = s.client_id
ORDER BY s.id;
