-- Queries of the account pages.

-- name: own_profile
UPDATE accounts SET display_name = $1, language = $2, time_format = $3, updated_at_us = $5 WHERE id = $4;

-- name: own_password
-- Only if the hash is still the one that the current password was verified against.
UPDATE accounts SET password_hash = $1, password_changed_at_us = $2
WHERE id = $3 AND password_hash = $4;

-- name: own_close
DELETE FROM accounts WHERE id = $1;

-- name: own_sessions
-- row: basis session_basis, agent text, address text, current bool
SELECT s.id, s.account_id, s.created_at_us, s.seen_at_us, s.password_at_us, s.factor_at_us, s.factor_id, s.recovered_at_us,
       s.user_verified_at_us, s.passkey_at_us, s.remembered <> 0 AS remembered, a.disabled_at_us IS NOT NULL AS account_disabled, f.kind AS factor_kind,
       coalesce((SELECT backup_eligible FROM passkeys WHERE factor_id = f.id), 0) <> 0 AS factor_synced,
       (SELECT min(confirmed_at_us) FROM factors WHERE account_id = a.id) AS factor_since_us,
       s.agent, s.address, s.id = $2 AS current
FROM sessions s
JOIN accounts a ON a.id = s.account_id
LEFT JOIN factors f ON f.id = s.factor_id AND f.account_id = a.id AND f.confirmed_at_us IS NOT NULL
	AND f.disabled_at_us IS NULL
WHERE s.account_id = $1 ORDER BY s.id = $2 DESC, s.seen_at_us DESC, s.id LIMIT $3;

-- name: own_session_end
-- row: session_token
DELETE FROM sessions WHERE id = $1 AND account_id = $2 RETURNING token_hash;

-- name: own_activity
-- The entries before the entry $2 of this account; before the time $4 if there is no such entry.  In the order of
-- audit_account, so that the query reads the entries of one page only, and not all of the account.
-- client: its name, or the client_id of a deleted one.
-- row: id int, at_us int, event text, outcome text, reason text, address text, agent text, client text
SELECT u.id, u.at_us, u.event, u.outcome, u.reason, u.address, u.agent, coalesce(c.name, u.client) AS client
FROM audit u LEFT JOIN oidc_clients c ON c.client_id = u.client
WHERE u.account_id = $1
	AND (u.at_us, u.id) < (coalesce((SELECT at_us FROM audit WHERE id = $2 AND account_id = $1), $4), $2)
ORDER BY u.at_us DESC, u.id DESC LIMIT $3;
