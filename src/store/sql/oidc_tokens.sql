-- Queries of codes, access tokens and refresh tokens: keeper/oidc/token.c, refresh.c, bearer.c.

-- name: oidc_grant_find
-- row: oidc_grant: id int, client_id int, account_id int, session_id int?, scopes text, claims text, auth_at_us int,
-- row: amr text, acr text, sid text, created_at_us int, expires_at_us int, refresh_counter int, refresh_hash blob?,
-- row: refresh_previous_hash blob?, refreshed_at_us int
SELECT id, client_id, account_id, session_id, scopes, claims, auth_at_us, amr, acr, sid, created_at_us, expires_at_us,
       refresh_counter, refresh_hash, refresh_previous_hash, refreshed_at_us
FROM oidc_grants WHERE id = $1;

-- name: oidc_code_find
-- row: grant oidc_grant, code_id int, code_session_id int, redirect_uri text, challenge text, nonce text,
-- row: code_expires_at_us int, used bool
SELECT g.id, g.client_id, g.account_id, g.session_id, g.scopes, g.claims, g.auth_at_us, g.amr, g.acr, g.sid,
       g.created_at_us, g.expires_at_us, g.refresh_counter, g.refresh_hash, g.refresh_previous_hash, g.refreshed_at_us,
       c.id AS code_id, c.session_id AS code_session_id, c.redirect_uri, c.challenge, c.nonce,
       c.expires_at_us AS code_expires_at_us, c.used_at_us IS NOT NULL AS used
FROM oidc_codes c JOIN oidc_grants g ON g.id = c.grant_id WHERE c.code_hash = $1;

-- name: oidc_access_token_find
-- row: grant oidc_grant, client oidc_client, token_id int, token_session_id int?, token_scopes text,
-- row: token_created_at_us int, token_expires_at_us int
SELECT g.id, g.client_id, g.account_id, g.session_id, g.scopes, g.claims, g.auth_at_us, g.amr, g.acr, g.sid,
       g.created_at_us, g.expires_at_us, g.refresh_counter, g.refresh_hash, g.refresh_previous_hash, g.refreshed_at_us,
       c.id, c.client_id, c.name, c.preset, c.launch_url, c.redirect_uris, c.logout_uris, c.backchannel_uri, c.public,
       c.auth_method, c.scopes, c.pkce_optional, c.consent, c.id_token_alg, c.id_token_minimal, c.refresh_fixed,
       c.refresh_session, c.offline_without_consent, c.insecure_redirect, c.max_age_s, c.access_token_s, c.claims,
       c.created_at_us, c.disabled_at_us,
       t.id AS token_id, t.session_id AS token_session_id, t.scopes AS token_scopes,
       t.created_at_us AS token_created_at_us, t.expires_at_us AS token_expires_at_us
FROM oidc_access_tokens t JOIN oidc_grants g ON g.id = t.grant_id JOIN oidc_clients c ON c.id = g.client_id
WHERE t.token_hash = $1;

-- name: oidc_session_lock
-- Until the transaction ends, no other one can delete the session.
-- unguarded: it changes nothing
-- dialect: postgres
-- row: id int
SELECT id FROM sessions WHERE id = $1 FOR KEY SHARE;

-- name: oidc_session_lock
-- unguarded: it changes nothing
-- dialect: sqlite
-- row: id int
SELECT id FROM sessions WHERE id = $1;

-- name: oidc_grant_lock
-- unguarded: it changes nothing
-- dialect: postgres
-- row: id int
SELECT id FROM oidc_grants WHERE id = $1 FOR NO KEY UPDATE;

-- name: oidc_grant_lock
-- unguarded: it changes nothing
-- dialect: sqlite
-- row: id int
SELECT id FROM oidc_grants WHERE id = $1;

-- name: oidc_code_use
-- Decides which of several simultaneous requests redeems the code. Zero rows: another one did.
UPDATE oidc_codes SET used_at_us = $1 WHERE id = $2 AND used_at_us IS NULL;

-- name: oidc_access_token_insert
INSERT INTO oidc_access_tokens (id, token_hash, grant_id, session_id, scopes, created_at_us, expires_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: oidc_access_token_trim
-- Keeps only the newest $2 access tokens of a grant.
DELETE FROM oidc_access_tokens WHERE id IN (
	SELECT id FROM oidc_access_tokens WHERE grant_id = $1 ORDER BY created_at_us DESC, id LIMIT 1000 OFFSET $2);

-- name: oidc_access_token_delete
DELETE FROM oidc_access_tokens WHERE id = $1;

-- name: oidc_grant_extend
-- The rows of a grant stay until its last token, and its used code, are no longer needed.
UPDATE oidc_grants SET expires_at_us = $1 WHERE id = $2;

-- name: oidc_grant_refresh
-- Stores a refresh token. Zero rows: the newest one is not the $5th any more.
UPDATE oidc_grants
SET refresh_counter = $1, refresh_previous_hash = $2, refresh_hash = $3, refreshed_at_us = $4
WHERE id = $6 AND refresh_counter = $5;

-- name: oidc_grant_refused
-- Zero rows: the audit trail got a refusal of this grant since $3. A simultaneous request may have stored a time
-- slightly later than $1. Only a time after $4 means that the clock was set back.
UPDATE oidc_grants SET refused_at_us = $1 WHERE id = $2 AND (refused_at_us <= $3 OR refused_at_us > $4);

-- name: oidc_grant_delete
-- With its code and all its tokens.
DELETE FROM oidc_grants WHERE id = $1;

-- name: oidc_person
-- row: id int, name text, display_name text, email text, group_names text, language text, subject text,
-- row: updated_at_us int, disabled bool
SELECT id, name, display_name, email, group_names, language, subject,
       CASE WHEN updated_at_us = 0 THEN created_at_us ELSE updated_at_us END AS updated_at_us,
       disabled_at_us IS NOT NULL AS disabled
FROM accounts WHERE id = $1;

-- name: oidc_person_in_session
-- The same, and the proofs of a session of this account.
-- row: person oidc_person, basis session_basis
SELECT a.id, a.name, a.display_name, a.email, a.group_names, a.language, a.subject,
       CASE WHEN a.updated_at_us = 0 THEN a.created_at_us ELSE a.updated_at_us END AS updated_at_us,
       a.disabled_at_us IS NOT NULL AS disabled,
       s.id, s.account_id, s.created_at_us, s.seen_at_us, s.password_at_us, s.factor_at_us, s.factor_id, s.recovered_at_us,
       s.user_verified_at_us, s.passkey_at_us, s.remembered <> 0 AS remembered, a.disabled_at_us IS NOT NULL AS account_disabled, f.kind AS factor_kind,
       coalesce((SELECT backup_eligible FROM passkeys WHERE factor_id = f.id), 0) <> 0 AS factor_synced,
       (SELECT min(confirmed_at_us) FROM factors WHERE account_id = a.id) AS factor_since_us
FROM sessions s
JOIN accounts a ON a.id = s.account_id
LEFT JOIN factors f ON f.id = s.factor_id AND f.account_id = a.id AND f.confirmed_at_us IS NOT NULL
	AND f.disabled_at_us IS NULL
WHERE s.id = $1 AND s.account_id = $2;

-- name: oidc_subject_set
UPDATE accounts SET subject = $1 WHERE id = $2 AND subject = '';
