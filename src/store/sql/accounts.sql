-- name: account_insert
-- The UNIQUE constraint decides which of two simultaneous registrations gets the name.
INSERT INTO accounts (id, name, password_hash, created_at_us) VALUES ($1, $2, $3, $4);

-- name: account_name_close
-- The current name of account $1, which is about to be closed or renamed.
INSERT INTO closed_names (name, account_id, closed_at_us) SELECT name, id, $2 FROM accounts WHERE id = $1
ON CONFLICT (name) DO UPDATE SET account_id = excluded.account_id, closed_at_us = excluded.closed_at_us;

-- name: account_name_closed
-- row: account_id int
SELECT account_id FROM closed_names WHERE name = $1 AND account_id <> $2;

-- name: account_name_release
DELETE FROM closed_names WHERE name = $1;

-- name: account_by_name
-- row: id int, password_hash text, disabled bool
SELECT id, password_hash, disabled_at_us IS NOT NULL AS disabled FROM accounts WHERE name = $1;

-- name: account_lock
-- The first statement of a transaction about an account: such transactions run one after the other and cannot deadlock.
-- unguarded: it changes nothing
-- dialect: postgres
-- row: id int
SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE;

-- name: account_lock
-- unguarded: it changes nothing
-- dialect: sqlite
-- row: id int
SELECT id FROM accounts WHERE id = $1;

-- name: account_lock_at_once
-- The same in a first attempt: no row if another transaction holds it. A transaction that waits for it has an old
-- snapshot, so the retry begins anew: docs/develop/design/serializable.md.
-- unguarded: it changes nothing
-- dialect: postgres
-- row: id int
SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED;

-- name: account_lock_at_once
-- unguarded: it changes nothing
-- dialect: sqlite
-- row: id int
SELECT id FROM accounts WHERE id = $1;

-- name: account_rehash
-- Only if the hash is still the one that the password was verified against.
UPDATE accounts SET password_hash = $1 WHERE id = $2 AND password_hash = $3;

-- name: account_signed_in
UPDATE accounts SET last_sign_in_at_us = $1 WHERE id = $2 AND disabled_at_us IS NULL;

-- name: account_code_sign_in
-- A code completed a sign-in. Zero rows: the account has no usable passkey of host $3.
UPDATE accounts SET code_sign_in_at_us = $1
WHERE id = $2 AND EXISTS (
	SELECT 1 FROM factors f JOIN passkeys p ON p.factor_id = f.id
	WHERE f.account_id = $2 AND f.confirmed_at_us IS NOT NULL AND f.disabled_at_us IS NULL AND p.rp_id = $3);

-- name: account_password
-- row: password_hash text
SELECT password_hash FROM accounts WHERE id = $1;

-- name: account_facts
-- When the password was set, when the recovery codes were created, and the number of sessions.
-- row: password_changed_at_us int, recovery_made_at_us int, sessions int
SELECT CASE WHEN a.password_changed_at_us = 0 THEN a.created_at_us ELSE a.password_changed_at_us END
           AS password_changed_at_us,
       (SELECT coalesce(max(created_at_us), 0) FROM recovery_codes WHERE account_id = a.id) AS recovery_made_at_us,
       (SELECT count(*) FROM sessions WHERE account_id = a.id) AS sessions
FROM accounts a WHERE a.id = $1;

-- name: account_factors
-- $2: the host of passkeys.
-- row: id int, name text, confirmed_at_us int, last_used_at_us int, disabled bool, passkey bool, synced bool,
-- row: other_host bool, alone passkey_alone
SELECT f.id, f.name, f.confirmed_at_us, f.last_used_at_us, f.disabled_at_us IS NOT NULL AS disabled,
       f.kind = 'passkey' AS passkey, coalesce(p.backup_eligible, 0) <> 0 AS synced,
       coalesce(p.rp_id, $2) <> $2 AS other_host, coalesce(p.uv_initialized, 0) <> 0 AS uv_initialized,
       coalesce(p.imported, 0) <> 0 AS imported, p.user_handle IS NOT NULL AS has_handle
FROM factors f LEFT JOIN passkeys p ON p.factor_id = f.id
WHERE f.account_id = $1 AND f.confirmed_at_us IS NOT NULL ORDER BY f.confirmed_at_us, f.id;
