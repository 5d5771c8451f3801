-- name: recovery_count
-- Number of codes, number of unused codes, and creation time.
-- row: codes int, unspent int, made_at_us int
SELECT count(*) AS codes, count(*) FILTER (WHERE spent_at_us IS NULL) AS unspent,
       coalesce(max(created_at_us), 0) AS made_at_us
FROM recovery_codes WHERE account_id = $1;

-- name: recovery_insert
INSERT INTO recovery_codes (id, account_id, code_hash, created_at_us) VALUES ($1, $2, $3, $4);

-- name: recovery_delete
DELETE FROM recovery_codes WHERE account_id = $1;

-- name: recovery_find
-- row: spent_at_us int
SELECT coalesce(spent_at_us, 0) AS spent_at_us FROM recovery_codes WHERE account_id = $1 AND code_hash = $2;

-- name: recovery_spend
-- One row: the code was valid and is now used.
UPDATE recovery_codes SET spent_at_us = $1 WHERE account_id = $2 AND code_hash = $3 AND spent_at_us IS NULL;
