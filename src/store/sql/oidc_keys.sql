-- Keys that sign ID tokens: src/keeper/oidc/signing_schedule.h.

-- name: oidc_key_signing
-- The key that signs now.
-- row: oidc_key: id int, kid text, algorithm text
SELECT id, kid, algorithm FROM oidc_keys
WHERE algorithm = $1 AND withdrawn_at_us IS NULL AND signs_from_us <= $2 AND signs_until_us > $2
ORDER BY signs_from_us DESC, id LIMIT 1;

-- name: oidc_key_kept
-- The key of a token that came back.
-- row: oidc_key
SELECT id, kid, algorithm FROM oidc_keys WHERE kid = $1 AND withdrawn_at_us IS NULL AND kept_until_us > $2;

-- name: oidc_keys_published
-- The key that signs now comes first: some applications take the first one of a kind.
-- row: oidc_key
SELECT id, kid, algorithm FROM oidc_keys k
WHERE withdrawn_at_us IS NULL AND published_until_us > $1 AND (algorithm = 'RS256' OR EXISTS (
	SELECT 1 FROM oidc_clients c WHERE c.id_token_alg = k.algorithm AND c.disabled_at_us IS NULL))
ORDER BY CASE WHEN signs_from_us <= $1 THEN 0 ELSE 1 END, signs_from_us DESC, id;

-- name: oidc_key_sealed
-- row: private_sealed blob
SELECT private_sealed FROM oidc_keys WHERE id = $1;

-- name: oidc_key_current
-- The key whose turn it is, or was.
-- row: oidc_key_times: id int, signs_until_us int, withdrawn bool
SELECT id, signs_until_us, withdrawn_at_us IS NOT NULL AS withdrawn FROM oidc_keys
WHERE algorithm = $1 AND signs_from_us <= $2 AND published_until_us > $2 ORDER BY signs_from_us DESC, id LIMIT 1;

-- name: oidc_key_next
-- row: oidc_key_times
SELECT id, signs_until_us, withdrawn_at_us IS NOT NULL AS withdrawn FROM oidc_keys
WHERE algorithm = $1 AND signs_from_us > $2 AND withdrawn_at_us IS NULL ORDER BY signs_from_us, id LIMIT 1;

-- name: oidc_key_insert
INSERT INTO oidc_keys (id, kid, algorithm, private_sealed, created_at_us, signs_from_us, signs_until_us, published_until_us,
	kept_until_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: oidc_key_end_set
-- Sets the time of a key's last signature, and the times that follow from it.
UPDATE oidc_keys SET signs_until_us = $2, published_until_us = $3, kept_until_us = $4 WHERE id = $1;

-- name: oidc_key_begin_set
UPDATE oidc_keys SET signs_from_us = $2 WHERE id = $1;

-- name: oidc_key_withdraw
UPDATE oidc_keys SET withdrawn_at_us = $2 WHERE kid = $1 AND withdrawn_at_us IS NULL;

-- name: oidc_key_algorithm
-- row: algorithm text
SELECT algorithm FROM oidc_keys WHERE kid = $1;

-- name: oidc_algorithm_used
-- Does a client use the algorithm?  The first member of a row is its number.
-- row: n int
SELECT count(*) AS n FROM oidc_clients WHERE disabled_at_us IS NULL AND (id_token_alg = $1 OR $1 = 'RS256');

-- name: oidc_keys_all
-- row: kid text, algorithm text, created_at_us int, signs_from_us int, signs_until_us int, published_until_us int,
-- row: kept_until_us int, withdrawn_at_us int?
SELECT kid, algorithm, created_at_us, signs_from_us, signs_until_us, published_until_us, kept_until_us, withdrawn_at_us
FROM oidc_keys ORDER BY signs_from_us, id;

-- name: oidc_key_purge
DELETE FROM oidc_keys WHERE id IN (SELECT id FROM oidc_keys WHERE kept_until_us <= $1 LIMIT $2);
