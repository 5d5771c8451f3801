-- Queries that enrol, keep and remove passkeys: docs/develop/passkeys.md.

-- name: passkey_user_handle
-- row: user_handle blob?
SELECT user_handle FROM accounts WHERE id = $1;

-- name: passkey_user_handle_set
-- Once per account: the authenticators keep it.
UPDATE accounts SET user_handle = $1 WHERE id = $2 AND user_handle IS NULL;

-- name: passkey_excluded
-- All passkeys of the account, usable or not: an authenticator that has one of them makes no second one.
-- row: credential_id blob, transports text
SELECT p.credential_id, p.transports FROM passkeys p JOIN factors f ON f.id = p.factor_id
WHERE f.account_id = $1 AND f.confirmed_at_us IS NOT NULL ORDER BY f.confirmed_at_us, f.id;

-- name: passkey_factor_first
-- Zero rows: another request enrolled a factor first.
INSERT INTO factors (id, account_id, kind, name, secret_sealed, digits, created_at_us, confirmed_at_us, last_used_at_us)
SELECT $1, $2, 'passkey', $3, $4, 0, $5, $5, $5
WHERE NOT EXISTS (SELECT 1 FROM factors WHERE account_id = $2 AND confirmed_at_us IS NOT NULL);

-- name: passkey_factor_another
-- Zero rows: the account has $6 factors, of all kinds together.
INSERT INTO factors (id, account_id, kind, name, secret_sealed, digits, created_at_us, confirmed_at_us, last_used_at_us)
SELECT $1, $2, 'passkey', $3, $4, 0, $5, $5, $5
WHERE (SELECT count(*) FROM factors WHERE account_id = $2 AND confirmed_at_us IS NOT NULL) < $6;

-- name: passkey_factor_count
-- row: n int
SELECT count(*) AS n FROM factors WHERE account_id = $1 AND confirmed_at_us IS NOT NULL;

-- name: passkey_insert
-- Zero rows: some account has this credential.
INSERT INTO passkeys (factor_id, credential_id, rp_id, sign_count, uv_initialized, backup_eligible, backed_up,
                      transports, aaguid, last_challenge_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (credential_id) DO NOTHING;

-- name: passkey_ids
-- The credentials of one factor, or with $2 = 0 of the account.
-- row: credential_id blob
SELECT p.credential_id FROM passkeys p JOIN factors f ON f.id = p.factor_id
WHERE f.account_id = $1 AND (CAST($2 AS BIGINT) = 0 OR f.id = $2);

-- name: passkey_removed_insert
INSERT INTO passkeys_removed (id, account_id, credential_hash, removed_at_us) VALUES ($1, $2, $3, $4)
ON CONFLICT (credential_hash) DO UPDATE SET account_id = excluded.account_id, removed_at_us = excluded.removed_at_us;

-- name: passkey_removed_trim
-- Keeps the newest $2 of the account.
DELETE FROM passkeys_removed WHERE id IN (
	SELECT id FROM passkeys_removed WHERE account_id = $1 ORDER BY removed_at_us DESC, id LIMIT 100 OFFSET $2);

-- name: passkey_removed_delete
-- The credential was enrolled again.
DELETE FROM passkeys_removed WHERE credential_hash = $1;

-- name: passkey_removed_purge
DELETE FROM passkeys_removed WHERE id IN (SELECT id FROM passkeys_removed WHERE removed_at_us <= $1 LIMIT $2);

-- name: passkey_alone
-- The usable passkeys of host $2. passkey_opens_alone decides which of them open the account alone.
-- row: uv_initialized bool, imported bool, has_handle bool
SELECT p.uv_initialized <> 0 AS uv_initialized, p.imported <> 0 AS imported, p.user_handle IS NOT NULL AS has_handle
FROM passkeys p JOIN factors f ON f.id = p.factor_id
WHERE f.account_id = $1 AND f.confirmed_at_us IS NOT NULL AND f.disabled_at_us IS NULL AND p.rp_id = $2;

-- name: passkey_codes
-- The number of unused recovery codes.
-- row: recovery int, codes_off bool
SELECT (SELECT count(*) FROM recovery_codes r WHERE r.account_id = a.id AND r.spent_at_us IS NULL) AS recovery,
       a.codes_off <> 0 AS codes_off
FROM accounts a WHERE a.id = $1;

-- name: passkey_codes_off
-- Zero rows: it is so already.
UPDATE accounts SET codes_off = $1 WHERE id = $2 AND codes_off <> $1;

-- name: passkey_codes_on
UPDATE accounts SET codes_off = 0 WHERE id = $1;
