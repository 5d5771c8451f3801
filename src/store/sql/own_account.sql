-- What a person does with their own account.

-- name: own_profile
UPDATE accounts SET display_name = $1, language = $2, time_format = $3 WHERE id = $4;

-- name: own_password
-- Only while it is still the hash that the current password was proved against.
UPDATE accounts SET password_hash = $1, password_changed_at_us = $2
WHERE id = $3 AND password_hash = $4;

-- name: own_close
DELETE FROM accounts WHERE id = $1;

-- name: own_audit_bare
-- What stays of a closed account: that something was, and when.
UPDATE audit SET address = '', agent = '', request_id = '' WHERE account_id = $1;

-- name: own_sessions
-- row: id int, agent text, address text, created_at_us int, seen_at_us int, state int, current bool
SELECT id, agent, address, created_at_us, seen_at_us,
       CASE WHEN factor_id IS NOT NULL OR recovered_at_us <> 0 THEN 3 ELSE 2 END AS state, id = $2 AS current
FROM sessions WHERE account_id = $1 ORDER BY id = $2 DESC, seen_at_us DESC, id LIMIT $3;

-- name: own_session_end
-- row: session_token
DELETE FROM sessions WHERE id = $1 AND account_id = $2 RETURNING token_hash;

-- name: own_activity
-- row: id int, at_us int, event text, outcome text, reason text, address text, agent text
SELECT id, at_us, event, outcome, reason, address, agent FROM audit
WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3;
