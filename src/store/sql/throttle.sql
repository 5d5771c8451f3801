-- Counters of failed attempts: see keeper/session/throttle.h.

-- name: throttle_count
-- Counts one failure, up to a maximum far above every limit. Zero rows: a lockout or backoff is active. An entry with
-- another key in this slot is replaced.
-- row: failures int
INSERT INTO throttle (counter, place, key, account_id, failures, since_us) VALUES ($1, $2, $3, $4, 1, $5)
ON CONFLICT (counter, place) DO UPDATE
SET key = excluded.key, account_id = excluded.account_id, blocked_until_us = 0,
    failures = CASE WHEN throttle.key <> excluded.key THEN 1 WHEN throttle.failures < 1000000000 THEN throttle.failures + 1
	ELSE throttle.failures END,
    since_us = CASE WHEN throttle.key = excluded.key THEN throttle.since_us ELSE excluded.since_us END
WHERE throttle.key <> excluded.key OR throttle.blocked_until_us <= excluded.since_us
RETURNING failures;

-- name: throttle_forget
-- Removes one failure for each full period of $4 since since_us.
UPDATE throttle
SET failures = CASE WHEN failures > ($1 - since_us) / $4 THEN failures - ($1 - since_us) / $4 ELSE 0 END,
    since_us = since_us + ($1 - since_us) / $4 * $4
WHERE counter = $2 AND place = $3 AND since_us < $1;

-- name: throttle_lockout
UPDATE throttle SET blocked_until_us = $1 WHERE counter = $2 AND place = $3;

-- name: throttle_bound
-- unguarded: it shortens a backoff that a wrong clock made too long
-- After the clock was set back: limits the backoff to $1.
UPDATE throttle SET blocked_until_us = $1 WHERE counter = $2 AND place = $3 AND blocked_until_us > $1;

-- name: throttle_until
-- row: blocked_until_us int
SELECT blocked_until_us FROM throttle WHERE counter = $1 AND place = $2 AND key = $3;

-- name: throttle_give_back
-- The attempt was not a failure: removes it from the count, and ends the backoff that it began.
UPDATE throttle
SET failures = failures - 1, blocked_until_us = CASE WHEN blocked_until_us = $4 THEN 0 ELSE blocked_until_us END
WHERE counter = $1 AND place = $2 AND key = $3 AND failures > 0;

-- name: throttle_clear
DELETE FROM throttle WHERE counter = $1 AND place = $2 AND key = $3;

-- name: throttle_clear_account
DELETE FROM throttle WHERE account_id = $1;

-- name: throttle_purge_nothing
-- Deletes entries without failures and without an active backoff.
DELETE FROM throttle WHERE (counter, place) IN (
	SELECT counter, place FROM throttle WHERE failures = 0 AND blocked_until_us <= $1 LIMIT $2);

-- name: throttle_purge_forgotten
-- Deletes entries of addresses whose failures have all expired: keeper/session/throttle.c removes one in five minutes.
DELETE FROM throttle WHERE (counter, place) IN (
	SELECT counter, place FROM throttle
	WHERE counter IN ('address', 'register', 'link', 'passkey') AND since_us + failures * 300000000 <= $1 AND blocked_until_us <= $1 LIMIT $2);

-- name: throttle_purge_devices
-- Deletes entries of browsers that are no longer remembered.
DELETE FROM throttle WHERE (counter, place) IN (
	SELECT counter, place FROM throttle
	WHERE counter IN ('device', 'code-device', 'recovery-device') AND blocked_until_us <= $1
		AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.id = throttle.place) LIMIT $2);

-- name: throttle_refused
-- An attempt that may be refused: keeper/core/alarm.h.
UPDATE accounts SET refused = CASE WHEN refused < 1000000000 THEN refused + 1 ELSE refused END WHERE id = $1;

-- name: throttle_factors_disable
UPDATE factors SET disabled_at_us = $1 WHERE account_id = $2 AND kind = $3 AND confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL;

-- name: throttle_sessions_end
-- Sessions whose verified authenticator is now disabled.
-- row: session_token
DELETE FROM sessions WHERE account_id = $1 AND factor_id IN (
	SELECT id FROM factors WHERE account_id = $1 AND disabled_at_us IS NOT NULL)
RETURNING token_hash;
