-- What the commands for backups and checks ask.

-- name: upkeep_counts
SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM factors WHERE confirmed_at_us IS NOT NULL),
       (SELECT count(*) FROM sessions), (SELECT count(*) FROM recovery_codes WHERE spent_at_us IS NULL),
       (SELECT count(*) FROM audit);

-- name: upkeep_factors
SELECT id, account_id, secret_sealed FROM factors ORDER BY id;

-- name: upkeep_accounts
SELECT id, name FROM accounts ORDER BY id;

-- name: upkeep_orphans
-- Sessions that were proved by an authenticator which is gone.
SELECT id FROM sessions s
WHERE s.factor_id <> 0 AND NOT EXISTS (SELECT 1 FROM factors f WHERE f.id = s.factor_id) ORDER BY id;

-- name: upkeep_sessions_end
DELETE FROM sessions;

-- name: upkeep_links_end
DELETE FROM links;
