-- What the administrator's commands do.

-- name: admin_password_set
UPDATE accounts SET password_hash = $1, password_changed_at_us = $2 WHERE id = $3;

-- name: admin_sessions_end
DELETE FROM sessions WHERE account_id = $1 RETURNING token_hash;

-- name: admin_add
INSERT INTO accounts (id, name, display_name, password_hash, created_at_us, email, group_names)
VALUES ($1, $2, $3, '!', $4, $5, $6);

-- name: admin_users
SELECT a.id, a.name, a.display_name, a.created_at_us, a.last_sign_in_at_us, a.disabled_at_us IS NOT NULL,
       a.password_hash <> '!',
       (SELECT coalesce(max(failures), 0) FROM throttle t WHERE t.account_id = a.id AND t.counter <> 'codes'),
       (SELECT coalesce(max(blocked_until_us), 0) FROM throttle t WHERE t.account_id = a.id),
       (SELECT count(*) FROM factors f WHERE f.account_id = a.id AND f.confirmed_at_us IS NOT NULL),
       (SELECT count(*) FROM factors f WHERE f.account_id = a.id AND f.disabled_at_us IS NOT NULL),
       (SELECT count(*) FROM sessions s WHERE s.account_id = a.id),
       (SELECT count(*) FROM recovery_codes r WHERE r.account_id = a.id AND r.spent_at_us IS NULL),
       a.email, a.group_names
FROM accounts a WHERE a.name > $1 AND ($2 = '' OR a.name = $2) ORDER BY a.name LIMIT $3;

-- name: admin_find
SELECT id FROM accounts WHERE name = $1;

-- name: admin_disable
UPDATE accounts SET disabled_at_us = $1 WHERE id = $2 AND disabled_at_us IS NULL;

-- name: admin_enable
UPDATE accounts SET disabled_at_us = NULL WHERE id = $1 AND disabled_at_us IS NOT NULL;

-- name: admin_unlock_factors
-- last_step stays, wherever it is: no clock makes a code that was spent count again.
UPDATE factors SET disabled_at_us = NULL WHERE account_id = $1;

-- name: admin_factors_delete
DELETE FROM factors WHERE account_id = $1;

-- name: admin_rename
UPDATE accounts SET name = $1 WHERE id = $2;

-- name: admin_sessions
SELECT id, created_at_us, seen_at_us, address, agent, factor_at_us <> 0 FROM sessions WHERE account_id = $1
ORDER BY seen_at_us DESC, id;

-- name: admin_audit
SELECT u.id, u.at_us, u.event, u.outcome, u.reason, u.account_id, coalesce(a.name, ''), u.address, u.agent, u.request_id,
       coalesce(u.actor, '')
FROM audit u LEFT JOIN accounts a ON a.id = u.account_id
WHERE u.id > $1 AND (CAST($2 AS BIGINT) = 0 OR u.account_id = $2) AND u.at_us >= $3 AND u.at_us < $4 ORDER BY u.id LIMIT $5;
