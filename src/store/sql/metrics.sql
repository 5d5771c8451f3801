-- Figures for the metrics, read once a minute.

-- name: metrics_sessions
-- $1: sessions with an older password no longer wait for a code. Counts with the indexes alone. Expired sessions are
-- counted until they are purged.
-- row: count_enrolling int, count_pending int, count_complete int
SELECT (SELECT count(*) FROM sessions s WHERE s.factor_at_us = 0 AND NOT EXISTS (
		SELECT 1 FROM factors f WHERE f.account_id = s.account_id AND f.confirmed_at_us IS NOT NULL)) AS count_enrolling,
       (SELECT count(*) FROM sessions s WHERE s.factor_at_us = 0 AND s.password_at_us > $1 AND EXISTS (
		SELECT 1 FROM factors f WHERE f.account_id = s.account_id AND f.confirmed_at_us IS NOT NULL)) AS count_pending,
       (SELECT count(*) FROM sessions) - (SELECT count(*) FROM sessions WHERE factor_at_us = 0) AS count_complete;

-- name: metrics_last
-- The newest event of this name after $1, among the newest 500,000 entries.
-- row: at_us int
SELECT coalesce(max(at_us), 0) AS at_us
FROM (SELECT at_us, event FROM audit WHERE at_us > $1 ORDER BY at_us DESC LIMIT 500000) AS newest
WHERE event = $2;
