-- What the commands for backups and checks ask.

-- name: upkeep_counts
SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM factors WHERE confirmed_at_us IS NOT NULL),
       (SELECT count(*) FROM sessions), (SELECT count(*) FROM recovery_codes WHERE spent_at_us IS NULL),
       (SELECT count(*) FROM audit);

-- name: upkeep_factors
SELECT f.id, f.account_id, f.secret_sealed, coalesce(a.name, ''), f.name, f.algorithm, f.digits, f.period_s,
       coalesce(f.confirmed_at_us, 1) = 0
FROM factors f LEFT JOIN accounts a ON a.id = f.account_id ORDER BY f.id;

-- name: upkeep_accounts
-- The values in the order of enum account_value.
SELECT id, name, display_name, password_hash, email, group_names, language, time_format FROM accounts ORDER BY id;

-- name: upkeep_tokens
-- Sessions that cannot be told to web by the hash of their token.
SELECT s.id, coalesce(a.name, '') FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id
WHERE length(s.token_hash) <> 32 ORDER BY s.id;

-- name: upkeep_orphans
-- Sessions that were proved by an authenticator which is gone.
SELECT id FROM sessions s
WHERE s.factor_id <> 0 AND NOT EXISTS (SELECT 1 FROM factors f WHERE f.id = s.factor_id) ORDER BY id;

-- name: upkeep_sessions_end
DELETE FROM sessions;

-- name: upkeep_links_end
DELETE FROM links;
