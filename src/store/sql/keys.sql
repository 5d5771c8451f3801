-- name: key_list
SELECT key_id, sealed_check FROM keys;

-- name: key_insert
-- The first key of a database.  A second one comes by rotation only.
INSERT INTO keys (key_id, created_at_us, sealed_check)
SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM keys);
