-- Applications of an account, and the end of a session at an application's request.

-- name: oidc_apps
-- The clients that may have a tile, or that the account allowed to know something. The sign: as in oidc_grant_trim.
-- row: id int, client_id text, name text, launch_url text, claims text, scopes text, granted_at_us int,
-- row: used_at_us int
SELECT c.id, c.client_id, c.name, c.launch_url, c.claims, coalesce(k.scopes, '') AS scopes,
       coalesce(k.granted_at_us, 0) AS granted_at_us,
       coalesce((SELECT max(created_at_us) FROM oidc_grants g WHERE g.account_id = $1 AND +g.client_id = c.id), 0) AS used_at_us
FROM oidc_clients c LEFT JOIN oidc_consents k ON k.client_id = c.id AND k.account_id = $1
WHERE c.disabled_at_us IS NULL AND (c.launch_url <> '' OR k.id IS NOT NULL
	OR EXISTS (SELECT 1 FROM oidc_grants g WHERE g.account_id = $1 AND +g.client_id = c.id))
ORDER BY lower(c.name), c.id LIMIT $2;

-- name: oidc_tiles
-- The clients with a page that a tile can open.
-- row: tiles int
SELECT count(*) AS tiles FROM oidc_clients WHERE launch_url <> '' AND disabled_at_us IS NULL;

-- name: oidc_withdraw_consent
DELETE FROM oidc_consents WHERE account_id = $1 AND client_id = $2;

-- name: oidc_withdraw_grants
-- With their codes, access tokens and refresh tokens. The sign: as in oidc_grant_trim.
DELETE FROM oidc_grants WHERE account_id = $1 AND +client_id = $2;

-- name: oidc_end_grants
-- All of an account, with their tokens: disabling, a new password by a link, and a reset end offline_access too.
DELETE FROM oidc_grants WHERE account_id = $1;

-- name: oidc_end_of_factor
-- The grants that last without a session, and that this factor opened. An unknown factor (NULL) may have been it.
DELETE FROM oidc_grants
WHERE account_id = $1 AND session_id IS NULL AND (factor_id = $2 OR factor_id IS NULL);

-- name: oidc_end_of_disabled
-- The same for all authenticators of the account that are disabled now.
DELETE FROM oidc_grants
WHERE account_id = $1 AND session_id IS NULL AND (factor_id IS NULL OR factor_id IN (
	SELECT id FROM factors WHERE account_id = $1 AND disabled_at_us IS NOT NULL));

-- name: oidc_end_sid
-- The session's `sid` for a client.
-- row: sid text
SELECT s.sid FROM oidc_sids s JOIN oidc_clients c ON c.id = s.client_id WHERE s.session_id = $1 AND c.client_id = $2;

-- name: oidc_logout_clients
-- The logout addresses of all clients, for a request that names no client.
-- row: client_id text, name text, logout_uris text
SELECT client_id, name, logout_uris FROM oidc_clients WHERE logout_uris <> '' AND disabled_at_us IS NULL;

-- name: oidc_code_purge
-- Used and expired ones stay for an hour, so that a second use is noticed.
DELETE FROM oidc_codes WHERE id IN (SELECT id FROM oidc_codes WHERE expires_at_us <= $1 LIMIT $2);

-- name: oidc_access_token_purge
DELETE FROM oidc_access_tokens WHERE id IN (SELECT id FROM oidc_access_tokens WHERE expires_at_us <= $1 LIMIT $2);

-- name: oidc_grant_purge
DELETE FROM oidc_grants WHERE id IN (SELECT id FROM oidc_grants WHERE expires_at_us <= $1 LIMIT $2);
