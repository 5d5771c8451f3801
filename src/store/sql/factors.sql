-- name: factor_pending
-- The factor that this session is enrolling, of any kind.
-- row: factor: id int, kind text, secret_sealed blob, algorithm text, digits int, period_s int, last_step int,
-- row: expires_at_us int, replaces_id int
SELECT id, kind, secret_sealed, algorithm, digits, period_s, -1 AS last_step, expires_at_us, replaces_id FROM factors
WHERE session_id = $1 AND account_id = $2 AND confirmed_at_us IS NULL AND expires_at_us > $3;

-- name: factor_pending_delete
DELETE FROM factors WHERE session_id = $1 AND confirmed_at_us IS NULL;

-- name: factor_pending_insert
-- Enrols the first factor only: enrolling another one requires a proof of an existing factor.
INSERT INTO factors (id, account_id, kind, secret_sealed, created_at_us, session_id, expires_at_us)
SELECT $1, $2, $7, $3, $4, $5, $6
WHERE NOT EXISTS (SELECT 1 FROM factors WHERE account_id = $2 AND confirmed_at_us IS NOT NULL);

-- name: factor_another_insert
-- Enrols a further factor while the account has fewer than $9. $8: the factor of this account and kind that it
-- replaces, or 0. Zero rows also while codes are off: the new factor could not be used.
INSERT INTO factors (id, account_id, kind, secret_sealed, created_at_us, session_id, expires_at_us, name, replaces_id)
SELECT $1, $2, $10, $3, $4, $5, $6, $7, $8
WHERE (CAST($8 AS BIGINT) = 0 OR EXISTS (
		SELECT 1 FROM factors WHERE id = $8 AND account_id = $2 AND kind = $10 AND confirmed_at_us IS NOT NULL))
	AND NOT EXISTS (SELECT 1 FROM accounts WHERE id = $2 AND codes_off <> 0)
	AND (SELECT count(*) FROM factors WHERE account_id = $2 AND confirmed_at_us IS NOT NULL) < $9;

-- name: factor_confirm
-- Activates the first factor and marks the code's step as used.
-- Zero rows: another request was first, or the enrolment has expired.
UPDATE factors
SET confirmed_at_us = $1, last_used_at_us = $1, last_step = $2, session_id = NULL, expires_at_us = NULL
WHERE id = $3 AND account_id = $4 AND session_id = $5 AND confirmed_at_us IS NULL AND expires_at_us > $1
	AND NOT EXISTS (
		SELECT 1 FROM factors other WHERE other.account_id = $4 AND other.confirmed_at_us IS NOT NULL);

-- name: factor_another_confirm
UPDATE factors
SET confirmed_at_us = $1, last_used_at_us = $1, last_step = $2, session_id = NULL, expires_at_us = NULL, replaces_id = 0
WHERE id = $3 AND account_id = $4 AND session_id = $5 AND confirmed_at_us IS NULL AND expires_at_us > $1;

-- name: factor_active
-- All active factors, of any kind.
-- row: factor
SELECT id, kind, secret_sealed, algorithm, digits, period_s, last_step, 0 AS expires_at_us, 0 AS replaces_id
FROM factors WHERE account_id = $1 AND confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL ORDER BY id;

-- name: factor_digits
-- The number of digits of each active factor.
-- row: kind text, digits int
SELECT kind, digits FROM factors
WHERE account_id = $1 AND confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL;

-- name: factor_claim_step
-- Zero rows: the step was already used.
UPDATE factors SET last_step = $1, last_used_at_us = $3
WHERE id = $2 AND last_step < $1 AND confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL;

-- name: factor_delete
DELETE FROM factors WHERE id = $1 AND account_id = $2;

-- name: factor_remove
-- Never removes the last usable factor, nor the last factor if it is disabled: without factors, the password alone
-- would suffice. All kinds count, but not the passkeys of another host than $3, which no browser uses here.
-- row: kind text
DELETE FROM factors
WHERE id = $1 AND account_id = $2 AND confirmed_at_us IS NOT NULL
	AND EXISTS (
		SELECT 1 FROM factors other
		WHERE other.account_id = $2 AND other.id <> $1 AND other.confirmed_at_us IS NOT NULL
			AND (factors.disabled_at_us IS NOT NULL OR other.disabled_at_us IS NULL)
			AND NOT EXISTS (SELECT 1 FROM passkeys p WHERE p.factor_id = other.id AND p.rp_id <> $3))
RETURNING kind;

-- name: factor_rename
-- row: factor_remove
UPDATE factors SET name = $1 WHERE id = $2 AND account_id = $3 AND confirmed_at_us IS NOT NULL RETURNING kind;

-- name: factor_purge
DELETE FROM factors WHERE id IN (SELECT id FROM factors WHERE expires_at_us <= $1 LIMIT $2);
