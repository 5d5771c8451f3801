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
