-- Queries of the administrator's commands.

-- name: admin_password_set
UPDATE accounts SET password_hash = $1, password_changed_at_us = $2 WHERE id = $3;

-- name: admin_sessions_end
-- row: session_token
DELETE FROM sessions WHERE account_id = $1 RETURNING token_hash;

-- name: admin_add
INSERT INTO accounts (id, name, display_name, password_hash, created_at_us, email, group_names)
VALUES ($1, $2, $3, '!', $4, $5, $6);

-- name: admin_users
-- row: id int, name text, display_name text, created_at_us int, last_sign_in_at_us int, disabled bool,
-- row: has_password bool, failures int, blocked_until_us int, factors int, factors_disabled int, sessions int,
-- row: recovery_codes int, email text, group_names text
SELECT a.id, a.name, a.display_name, a.created_at_us, a.last_sign_in_at_us, a.disabled_at_us IS NOT NULL AS disabled,
       a.password_hash <> '!' AS has_password,
       (SELECT coalesce(max(failures), 0) FROM throttle t WHERE t.account_id = a.id AND t.counter <> 'codes') AS failures,
       (SELECT coalesce(max(blocked_until_us), 0) FROM throttle t WHERE t.account_id = a.id) AS blocked_until_us,
       (SELECT count(*) FROM factors f WHERE f.account_id = a.id AND f.confirmed_at_us IS NOT NULL) AS factors,
       (SELECT count(*) FROM factors f WHERE f.account_id = a.id AND f.disabled_at_us IS NOT NULL) AS factors_disabled,
       (SELECT count(*) FROM sessions s WHERE s.account_id = a.id) AS sessions,
       (SELECT count(*) FROM recovery_codes r WHERE r.account_id = a.id AND r.spent_at_us IS NULL) AS recovery_codes,
       a.email, a.group_names
FROM accounts a WHERE a.name > $1 AND ($2 = '' OR a.name = $2) ORDER BY a.name LIMIT $3;

-- name: admin_find
-- row: id int
SELECT id FROM accounts WHERE name = $1;

-- name: admin_email_other
-- Another account than $2 with this e-mail address. Mail servers ignore the case.
-- row: name text
SELECT name FROM accounts WHERE lower(email) = lower($1) AND name <> $2 ORDER BY name LIMIT 1;

-- name: admin_disable
UPDATE accounts SET disabled_at_us = $1 WHERE id = $2 AND disabled_at_us IS NULL;

-- name: admin_enable
UPDATE accounts SET disabled_at_us = NULL WHERE id = $1 AND disabled_at_us IS NOT NULL;

-- name: admin_unlock_factors
-- last_step stays unchanged: a used code is never accepted again, even if the clock is set back.
UPDATE factors SET disabled_at_us = NULL WHERE account_id = $1;

-- name: admin_factors_delete
DELETE FROM factors WHERE account_id = $1;

-- name: admin_rename
UPDATE accounts SET name = $1, updated_at_us = $3 WHERE id = $2;

-- name: admin_sessions
-- row: basis session_basis, address text, agent text
SELECT s.id, s.account_id, s.created_at_us, s.seen_at_us, s.password_at_us, s.factor_at_us, s.factor_id, s.recovered_at_us,
       s.user_verified_at_us, s.passkey_at_us, s.remembered <> 0 AS remembered, a.disabled_at_us IS NOT NULL AS account_disabled, f.kind AS factor_kind,
       coalesce((SELECT backup_eligible FROM passkeys WHERE factor_id = f.id), 0) <> 0 AS factor_synced,
       (SELECT min(confirmed_at_us) FROM factors WHERE account_id = a.id) AS factor_since_us,
       s.address, s.agent
FROM sessions s
JOIN accounts a ON a.id = s.account_id
LEFT JOIN factors f ON f.id = s.factor_id AND f.account_id = a.id AND f.confirmed_at_us IS NOT NULL
	AND f.disabled_at_us IS NULL
WHERE s.account_id = $1 ORDER BY s.seen_at_us DESC, s.id;

-- name: admin_audit
-- row: id int, at_us int, event text, outcome text, reason text, account_id int?, account text, address text,
-- row: agent text, request_id text, actor text, client text
SELECT u.id, u.at_us, u.event, u.outcome, u.reason, u.account_id, coalesce(a.name, '') AS account, u.address, u.agent,
       u.request_id, coalesce(u.actor, '') AS actor, u.client
FROM audit u LEFT JOIN accounts a ON a.id = u.account_id
WHERE u.id > $1 AND (CAST($2 AS BIGINT) = 0 OR u.account_id = $2) AND u.at_us >= $3 AND u.at_us < $4 ORDER BY u.id LIMIT $5;

-- name: admin_passkeys
-- row: name text, rp_id text, confirmed_at_us int, last_used_at_us int, disabled bool, synced bool,
-- row: alone passkey_alone
SELECT f.name, p.rp_id, f.confirmed_at_us, f.last_used_at_us, f.disabled_at_us IS NOT NULL AS disabled,
       p.backup_eligible <> 0 AS synced, p.uv_initialized <> 0 AS uv_initialized, p.imported <> 0 AS imported,
       p.user_handle IS NOT NULL AS has_handle
FROM factors f JOIN passkeys p ON p.factor_id = f.id
WHERE f.account_id = $1 AND f.confirmed_at_us IS NOT NULL ORDER BY f.confirmed_at_us, f.id;
