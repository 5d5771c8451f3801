-- name: key_list
-- row: key_id blob, sealed_check blob
SELECT key_id, sealed_check FROM keys;

-- name: key_insert
-- Inserts the first key of a database. Only rotation adds a second one.
INSERT INTO keys (key_id, created_at_us, sealed_check)
SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM keys);

-- name: key_enter
-- Inserts the key that will replace the current one.
INSERT INTO keys (key_id, created_at_us, sealed_check) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: key_leave
-- Deletes all other keys, once no value is sealed by them.
DELETE FROM keys WHERE key_id <> $1;

-- name: sealed_by_others
-- Sealed values whose header names another key.
-- row: sealed: id int, account_id int, secret_sealed blob, kind text
SELECT id, account_id, secret_sealed, kind FROM factors
WHERE substr(secret_sealed, 2, 4) <> $1 AND id > $2 ORDER BY id LIMIT $3;

-- name: signing_keys_by_others
-- row: sealed
SELECT id, 0 AS account_id, private_sealed AS secret_sealed, '' AS kind FROM oidc_keys
WHERE substr(private_sealed, 2, 4) <> $1 AND id > $2 ORDER BY id LIMIT $3;

-- name: sealed_by_others_count
-- row: n int
SELECT (SELECT count(*) FROM factors WHERE substr(secret_sealed, 2, 4) <> $1) +
       (SELECT count(*) FROM oidc_keys WHERE substr(private_sealed, 2, 4) <> $1) AS n;

-- name: sealed_anew
-- Replaces the value only if it is still the one that was unsealed.
UPDATE factors SET secret_sealed = $1 WHERE id = $2 AND secret_sealed = $3;

-- name: signing_key_sealed_anew
UPDATE oidc_keys SET private_sealed = $1 WHERE id = $2 AND private_sealed = $3;
