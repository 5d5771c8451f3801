-- Queries of the commands for backups and checks.

-- name: upkeep_counts
-- row: accounts int, factors int, sessions int, recovery_codes int, audit int
SELECT (SELECT count(*) FROM accounts) AS accounts,
       (SELECT count(*) FROM factors WHERE confirmed_at_us IS NOT NULL) AS factors,
       (SELECT count(*) FROM sessions) AS sessions,
       (SELECT count(*) FROM recovery_codes WHERE spent_at_us IS NULL) AS recovery_codes,
       (SELECT count(*) FROM audit) AS audit;

-- name: upkeep_factors
-- row: id int, account_id int, secret_sealed blob, account text, name text, algorithm text, digits int, period_s int,
-- row: confirmed_at_zero bool, kind text
SELECT f.id, f.account_id, f.secret_sealed, coalesce(a.name, '') AS account, f.name, f.algorithm, f.digits, f.period_s,
       coalesce(f.confirmed_at_us, 1) = 0 AS confirmed_at_zero, f.kind
FROM factors f LEFT JOIN accounts a ON a.id = f.account_id ORDER BY f.id;

-- name: upkeep_passkeys
-- Passkeys, and other factors that have a row in passkeys.
-- row: id int, account text, kind text, digits int, handle_bytes int, present bool, id_bytes int, rp_id text,
-- row: sign_count int, uv_initialized int, backup_eligible int, backed_up int, transports text, aaguid_bytes int,
-- row: last_challenge_us int
SELECT f.id, coalesce(a.name, '') AS account, f.kind, f.digits, coalesce(length(a.user_handle), 0) AS handle_bytes,
       p.factor_id IS NOT NULL AS present, coalesce(length(p.credential_id), 0) AS id_bytes,
       coalesce(p.rp_id, '') AS rp_id, coalesce(p.sign_count, 0) AS sign_count,
       coalesce(p.uv_initialized, 0) AS uv_initialized, coalesce(p.backup_eligible, 0) AS backup_eligible,
       coalesce(p.backed_up, 0) AS backed_up, coalesce(p.transports, '') AS transports,
       coalesce(length(p.aaguid), 0) AS aaguid_bytes, coalesce(p.last_challenge_us, 0) AS last_challenge_us
FROM factors f LEFT JOIN passkeys p ON p.factor_id = f.id LEFT JOIN accounts a ON a.id = f.account_id
WHERE f.kind = 'passkey' OR p.factor_id IS NOT NULL ORDER BY f.id;

-- name: upkeep_signing_keys
-- row: id int, kid text, algorithm text, private_sealed blob, ordered bool
SELECT id, kid, algorithm, private_sealed,
       signs_from_us <= signs_until_us AND signs_until_us <= published_until_us AND published_until_us <= kept_until_us AS ordered
FROM oidc_keys ORDER BY id;

-- name: upkeep_accounts
-- row: id int, name text, display_name text, password_hash text, email text, group_names text, language text,
-- row: time_format text
SELECT id, name, display_name, password_hash, email, group_names, language, time_format FROM accounts ORDER BY id;

-- name: upkeep_tokens
-- Sessions whose token hash has the wrong length: web cannot be notified about them.
-- row: id int, account text
SELECT s.id, coalesce(a.name, '') AS account FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id
WHERE length(s.token_hash) <> 32 ORDER BY s.id;

-- name: upkeep_orphans
-- Sessions whose verified authenticator was deleted.
-- row: id int
SELECT id FROM sessions s
WHERE s.factor_id <> 0 AND NOT EXISTS (SELECT 1 FROM factors f WHERE f.id = s.factor_id) ORDER BY id;

-- name: upkeep_sessions_end
DELETE FROM sessions;

-- name: upkeep_links_end
DELETE FROM links;

-- name: upkeep_challenges_end
-- No passkey answers a challenge that is older than $1.
UPDATE passkeys SET last_challenge_us = $1 WHERE last_challenge_us < $1;
