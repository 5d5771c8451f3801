-- Queries of authorization requests: src/keeper/oidc/judgement.c, consent.c and codes.c.

-- name: oidc_authorize_person
-- row: subject text, email text, group_names text
SELECT subject, email, group_names FROM accounts WHERE id = $1;

-- name: oidc_consent_find
-- row: scopes text
SELECT scopes FROM oidc_consents WHERE account_id = $1 AND client_id = $2;

-- name: oidc_consent_give
INSERT INTO oidc_consents (id, account_id, client_id, scopes, granted_at_us) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, client_id) DO UPDATE SET scopes = excluded.scopes, granted_at_us = excluded.granted_at_us;

-- name: oidc_sid_insert
-- Zero rows: the session has a sid for this client.
INSERT INTO oidc_sids (id, session_id, client_id, sid) VALUES ($1, $2, $3, $4)
ON CONFLICT (session_id, client_id) DO NOTHING;

-- name: oidc_sid_find
-- row: sid text
SELECT sid FROM oidc_sids WHERE session_id = $1 AND client_id = $2;

-- name: oidc_grant_insert
INSERT INTO oidc_grants (id, client_id, account_id, session_id, scopes, claims, auth_at_us, amr, acr, sid, created_at_us,
                         expires_at_us, factor_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: oidc_code_insert
INSERT INTO oidc_codes (id, code_hash, grant_id, session_id, redirect_uri, challenge, nonce, expires_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: oidc_code_trim
-- Keeps only the newest $2 unused codes of a session.
DELETE FROM oidc_grants WHERE id IN (
	SELECT grant_id FROM oidc_codes WHERE session_id = $1 AND used_at_us IS NULL
	ORDER BY expires_at_us DESC, id LIMIT 100 OFFSET $2);

-- name: oidc_grant_trim
-- Keeps only the newest $3 grants of an account for a client. The sign keeps SQLite from the index of clients: a client
-- may have a hundred thousand grants, an account has few. The inner query reads only the index of accounts. Without it,
-- each new code would read the rows of all grants of its account.
DELETE FROM oidc_grants WHERE id IN (
	SELECT id FROM oidc_grants WHERE account_id = $1 AND +client_id = $2
		AND (SELECT id FROM oidc_grants WHERE account_id = $1 LIMIT 1 OFFSET $3) IS NOT NULL
	ORDER BY created_at_us DESC, id LIMIT 100 OFFSET $3);

-- name: oidc_session_password
-- Records that the password was verified again.
UPDATE sessions SET password_at_us = $1, seen_at_us = $1 WHERE id = $2 AND token_hash = $3;
