-- name: factor_pending
-- What this session is enrolling.
SELECT id, secret_sealed, expires_at_us FROM factors
WHERE session_id = $1 AND account_id = $2 AND confirmed_at_us IS NULL AND expires_at_us > $3;

-- name: factor_pending_delete
DELETE FROM factors WHERE session_id = $1 AND confirmed_at_us IS NULL;

-- name: factor_pending_insert
-- Not beside an active factor: that would need a proof of it.
INSERT INTO factors (id, account_id, kind, secret_sealed, created_at_us, session_id, expires_at_us)
SELECT $1, $2, 'totp', $3, $4, $5, $6
WHERE NOT EXISTS (
	SELECT 1 FROM factors WHERE account_id = $2 AND confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL);

-- name: factor_confirm
-- The right code makes the pending factor active and burns its step.  Zero rows: another was faster, or time is up.
UPDATE factors
SET confirmed_at_us = $1, last_step = $2, session_id = NULL, expires_at_us = NULL
WHERE id = $3 AND account_id = $4 AND session_id = $5 AND confirmed_at_us IS NULL AND expires_at_us > $1
	AND NOT EXISTS (
		SELECT 1 FROM factors other
		WHERE other.account_id = $4 AND other.confirmed_at_us IS NOT NULL AND other.disabled_at_us IS NULL);

-- name: factor_active
SELECT id, secret_sealed, last_step FROM factors
WHERE account_id = $1 AND confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL;

-- name: factor_claim_step
-- Zero rows changed means "already used".
UPDATE factors SET last_step = $1
WHERE id = $2 AND last_step < $1 AND confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL;

-- name: factor_purge
DELETE FROM factors WHERE id IN (SELECT id FROM factors WHERE expires_at_us <= $1 LIMIT $2);
