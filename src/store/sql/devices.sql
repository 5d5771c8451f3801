-- Browsers that have signed in to an account.

-- name: device_find
-- row: id int
SELECT id FROM devices WHERE token_hash = $1 AND account_id = $2;

-- name: device_known
-- Is the browser known for any account?
-- row: known int
SELECT 1 AS known FROM devices WHERE token_hash = $1 LIMIT 1;

-- name: device_remember
INSERT INTO devices (id, token_hash, account_id, created_at_us, seen_at_us) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (token_hash, account_id) DO UPDATE SET seen_at_us = excluded.seen_at_us;

-- name: device_bound
-- Keeps the $2 most recently seen browsers.
DELETE FROM devices WHERE account_id = $1 AND id NOT IN (
	SELECT id FROM devices WHERE account_id = $1 ORDER BY seen_at_us DESC, id LIMIT $2);

-- name: device_forget
-- Deletes all browsers of an account except the one with this token ('': all).
DELETE FROM devices WHERE account_id = $1 AND token_hash <> $2;

-- name: device_purge
DELETE FROM devices WHERE id IN (SELECT id FROM devices WHERE seen_at_us <= $1 LIMIT $2);
