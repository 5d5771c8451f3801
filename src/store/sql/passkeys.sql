-- Queries that verify passkeys: docs/develop/passkeys.md.

-- name: passkey_find
-- The passkey with this credential id, of any account.
-- row: factor_id int, account_id int, account_disabled bool, usable bool, secret_sealed blob, rp_id text,
-- row: user_handle blob?, imported bool, imported_handle blob?
SELECT p.factor_id, f.account_id, a.disabled_at_us IS NOT NULL AS account_disabled,
       f.confirmed_at_us IS NOT NULL AND f.disabled_at_us IS NULL AS usable, f.secret_sealed, p.rp_id, a.user_handle,
       p.imported <> 0 AS imported, p.user_handle AS imported_handle
FROM passkeys p JOIN factors f ON f.id = p.factor_id JOIN accounts a ON a.id = f.account_id
WHERE p.credential_id = $1;

-- name: passkey_usable
-- The passkeys that may answer for host $2. $3: 1 for those only whose verification of the user is accepted without the
-- password, else 0.
-- row: passkey_excluded
SELECT p.credential_id, p.transports FROM passkeys p JOIN factors f ON f.id = p.factor_id
WHERE f.account_id = $1 AND p.rp_id = $2 AND p.uv_initialized >= $3 AND f.confirmed_at_us IS NOT NULL
  AND f.disabled_at_us IS NULL
ORDER BY f.confirmed_at_us, f.id;

-- name: passkey_claim
-- Zero rows: the passkey has answered this challenge, or a newer one, or it was removed or disabled.
UPDATE passkeys SET last_challenge_us = $1
WHERE factor_id = $2 AND last_challenge_us < $1 AND EXISTS (
	SELECT 1 FROM factors WHERE id = $2 AND confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL);

-- name: passkey_marks
-- row: sign_count int, uv_initialized bool, backup_eligible bool
SELECT sign_count, uv_initialized <> 0 AS uv_initialized, backup_eligible <> 0 AS backup_eligible
FROM passkeys WHERE factor_id = $1;

-- name: passkey_marks_set
UPDATE passkeys SET sign_count = $1, uv_initialized = $2, backup_eligible = $3, backed_up = $4 WHERE factor_id = $5;

-- name: passkey_handle_learn
UPDATE passkeys SET user_handle = $1 WHERE factor_id = $2 AND imported <> 0 AND user_handle IS NULL;

-- name: passkey_used
UPDATE factors SET last_used_at_us = $1 WHERE id = $2;

-- name: passkey_removed_find
-- row: id int
SELECT id FROM passkeys_removed WHERE credential_hash = $1;

-- name: passkey_lost_list
-- Passkeys of other names than $1, which cannot answer any more.
-- row: rp_id text, passkeys int, accounts int
SELECT p.rp_id, count(*) AS passkeys, count(DISTINCT f.account_id) AS accounts
FROM passkeys p JOIN factors f ON f.id = p.factor_id
WHERE p.rp_id <> $1 AND f.confirmed_at_us IS NOT NULL
GROUP BY p.rp_id ORDER BY p.rp_id;
