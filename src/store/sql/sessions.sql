-- name: session_insert
-- Zero rows: the account has been disabled.
INSERT INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, address, agent, way_back,
                      remembered)
SELECT $1, $2, id, $4, $4, $4, $5, $6, $7, $8 FROM accounts WHERE id = $3 AND disabled_at_us IS NULL;

-- name: session_insert_verified
-- A session that begins with a passkey. Zero rows: the account has been disabled.
INSERT INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, address, agent, way_back,
                      remembered, factor_at_us, factor_id, user_verified_at_us, passkey_at_us, previous_sign_in_at_us)
SELECT $1, $2, id, $4, $4, 0, $5, $6, '', $7, $8, $9, $10, $11, last_sign_in_at_us
FROM accounts WHERE id = $3 AND disabled_at_us IS NULL;

-- name: session_find
-- The input of keeper/core/session_state.c, and the data that pages show.
-- row: basis session_basis, previous_sign_in_at_us int, name text, account_created_at_us int, clock_step int,
-- row: clock_drift int, display_name text, language text, time_format text, recovery_left int, refused int,
-- row: alarm_from_us int, last_sign_in_at_us int, factors_usable int, passkeys_usable int, code_digits int,
-- row: codes_disabled bool, gated_at_us int, group_names text, codes_off bool, code_sign_in_at_us int, sessions int
SELECT s.id, s.account_id, s.created_at_us, s.seen_at_us, s.password_at_us, s.factor_at_us, s.factor_id, s.recovered_at_us,
       s.user_verified_at_us, s.passkey_at_us, s.remembered <> 0 AS remembered, a.disabled_at_us IS NOT NULL AS account_disabled, f.kind AS factor_kind,
       coalesce((SELECT backup_eligible FROM passkeys WHERE factor_id = f.id), 0) <> 0 AS factor_synced,
       (SELECT min(confirmed_at_us) FROM factors WHERE account_id = a.id) AS factor_since_us,
       s.previous_sign_in_at_us, a.name, a.created_at_us AS account_created_at_us, s.clock_step, s.clock_drift,
       a.display_name, a.language, a.time_format,
       (SELECT count(*) FROM recovery_codes WHERE account_id = a.id AND spent_at_us IS NULL) AS recovery_left, a.refused,
       a.alarm_from_us, a.last_sign_in_at_us,
       (SELECT count(*) FROM factors WHERE account_id = a.id AND confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL)
           AS factors_usable,
       (SELECT count(*) FROM factors WHERE account_id = a.id AND kind = 'passkey' AND confirmed_at_us IS NOT NULL
           AND disabled_at_us IS NULL) AS passkeys_usable,
       coalesce((SELECT min(digits) FROM factors WHERE account_id = a.id AND confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL
                 AND digits > 0 HAVING min(digits) = max(digits)), 0) AS code_digits,
       (SELECT count(*) > 0 AND count(disabled_at_us) = count(*) FROM factors
        WHERE account_id = a.id AND confirmed_at_us IS NOT NULL AND digits > 0) AS codes_disabled,
       s.gated_at_us, a.group_names, a.codes_off <> 0 AS codes_off, a.code_sign_in_at_us, (SELECT count(*) FROM sessions WHERE account_id = a.id) AS sessions
FROM sessions s
JOIN accounts a ON a.id = s.account_id
LEFT JOIN factors f ON f.id = s.factor_id AND f.account_id = a.id AND f.confirmed_at_us IS NOT NULL
	AND f.disabled_at_us IS NULL
WHERE s.token_hash = $1;

-- name: session_basis
-- Only the input for the session state. keeper/core/session_lookup.c converts these columns to proofs, also in other
-- queries with this row. factor_kind is NULL if the verified factor is deleted, disabled or of another account.
-- row: id int, account_id int, created_at_us int, seen_at_us int, password_at_us int, factor_at_us int, factor_id int?,
-- row: recovered_at_us int, user_verified_at_us int, passkey_at_us int, remembered bool, account_disabled bool,
-- row: factor_kind text?, factor_synced bool, factor_since_us int?
SELECT s.id, s.account_id, s.created_at_us, s.seen_at_us, s.password_at_us, s.factor_at_us, s.factor_id, s.recovered_at_us,
       s.user_verified_at_us, s.passkey_at_us, s.remembered <> 0 AS remembered, a.disabled_at_us IS NOT NULL AS account_disabled, f.kind AS factor_kind,
       coalesce((SELECT backup_eligible FROM passkeys WHERE factor_id = f.id), 0) <> 0 AS factor_synced,
       (SELECT min(confirmed_at_us) FROM factors WHERE account_id = a.id) AS factor_since_us
FROM sessions s
JOIN accounts a ON a.id = s.account_id
LEFT JOIN factors f ON f.id = s.factor_id AND f.account_id = a.id AND f.confirmed_at_us IS NOT NULL
	AND f.disabled_at_us IS NULL
WHERE s.token_hash = $1;

-- name: session_lock
-- Without the lock, a snapshot could still contain a session that another transaction has already deleted.
-- unguarded: it changes nothing
-- dialect: postgres
-- row: id int
SELECT id FROM sessions WHERE id = $1 AND token_hash = $2 FOR NO KEY UPDATE;

-- name: session_lock
-- unguarded: it changes nothing
-- dialect: sqlite
-- row: id int
SELECT id FROM sessions WHERE id = $1 AND token_hash = $2;

-- name: session_return_to
-- row: return_to text
SELECT way_back AS return_to FROM sessions WHERE id = $1;

-- name: session_verify
-- Stores a new token and the proof (keeper/core/session_lookup.c). Zero rows: the old token is no longer valid.
UPDATE sessions
SET token_hash = $1, factor_at_us = $2, seen_at_us = $2, factor_id = $3, recovered_at_us = $6, clock_step = 0, clock_drift = 0,
    user_verified_at_us = $7, passkey_at_us = $8, way_back = '',
    previous_sign_in_at_us = (SELECT last_sign_in_at_us FROM accounts WHERE accounts.id = sessions.account_id)
WHERE id = $4 AND token_hash = $5;

-- name: session_renew
-- Replaces the token of a session.
UPDATE sessions SET token_hash = $1, seen_at_us = $2 WHERE id = $3 AND token_hash = $4;

-- name: session_step_up
-- Records that a factor was verified again. $4: 1: a passkey.
UPDATE sessions SET factor_at_us = $1, seen_at_us = $1, clock_step = 0, clock_drift = 0,
    passkey_at_us = CASE WHEN CAST($4 AS BIGINT) = 1 THEN $1 ELSE passkey_at_us END
WHERE id = $2 AND token_hash = $3;

-- name: session_factor
-- Replaces the factor that this session has verified.
UPDATE sessions SET factor_id = $1, factor_at_us = $2, recovered_at_us = $4, user_verified_at_us = $5,
    passkey_at_us = $6
WHERE id = $3;

-- name: session_clock
-- unguarded: without the session's row it changes nothing
UPDATE sessions SET clock_step = $1, clock_drift = $2 WHERE id = $3;

-- name: session_delete_of_factor
-- row: session_token
DELETE FROM sessions WHERE account_id = $1 AND factor_id = $2 AND id <> $3 RETURNING token_hash;

-- name: session_touch
-- unguarded: without the session's row it changes nothing
UPDATE sessions SET seen_at_us = $1 WHERE id = $2 AND seen_at_us < $1;

-- name: session_delete
-- unguarded: it ends the session of the presented token
DELETE FROM sessions WHERE token_hash = $1;

-- name: session_trim
-- Keeps at most $2 sessions of an account that have verified neither a factor nor a recovery code (factor_at_us = 0).
-- Deletes the oldest sessions of the address that has most, at most 100 per call.
-- row: session_token
DELETE FROM sessions WHERE id IN (
	SELECT id FROM (
		SELECT id, created_at_us, row_number() OVER (PARTITION BY address ORDER BY created_at_us DESC, id) AS nth
		FROM sessions WHERE account_id = $1 AND factor_at_us = 0) AS waiting
	ORDER BY nth, created_at_us DESC, id LIMIT 100 OFFSET $2)
RETURNING token_hash;

-- name: session_delete_others
-- row: session_token: token_hash hash
DELETE FROM sessions WHERE account_id = $1 AND id <> $2 RETURNING token_hash;

-- name: session_purge_lifetime
-- Sessions that are not remembered. The newest expired ones come first, so that the limit on the rows that are read
-- bounds the time of the lock, however many remembered sessions there are.
DELETE FROM sessions WHERE id IN (
	SELECT id FROM (SELECT id, remembered FROM sessions WHERE created_at_us <= $1 ORDER BY created_at_us DESC LIMIT 5000)
		AS expired
	WHERE remembered = 0 LIMIT $2);

-- name: session_purge_idle
-- As session_purge_lifetime.
DELETE FROM sessions WHERE id IN (
	SELECT id FROM (SELECT id, remembered FROM sessions WHERE seen_at_us <= $1 ORDER BY seen_at_us DESC LIMIT 5000)
		AS expired
	WHERE remembered = 0 LIMIT $2);

-- name: session_purge_remembered
-- Older than any session may be, remembered or not.
DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE created_at_us <= $1 LIMIT $2);

-- name: session_purge_pending
-- Sessions that have waited too long for a code: factor_at_us = 0 as in session_trim, and the account has a factor.
-- tests/unit/keeper/factor/test_proofs.c compares these columns with session_decide.
DELETE FROM sessions WHERE id IN (
	SELECT s.id FROM sessions s
	WHERE s.factor_at_us = 0 AND s.password_at_us <= $1 AND s.gated_at_us = 0 AND EXISTS (
		SELECT 1 FROM factors f WHERE f.account_id = s.account_id AND f.confirmed_at_us IS NOT NULL)
	LIMIT $2);
