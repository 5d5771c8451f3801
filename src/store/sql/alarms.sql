-- Failed attempts that need a notice: see keeper/core/alarm.h.

-- name: alarm_possible
-- Is there a failed attempt after $2?  Most accounts have none, and alarm_find takes longer.  Both queries read the
-- index audit_failed (migration 0014).  They must repeat its condition word for word.
-- row: at_us int
SELECT at_us FROM audit
WHERE account_id = $1 AND at_us > $2
	AND outcome = 'refused' AND event IN ('signin.refused', 'prove.refused', 'password.refused', 'passkey.refused')
LIMIT 1;

-- name: alarm_find
-- Those of the newest 1,000 failed attempts after $2 that no proof explains: a proof of the same browser, from the
-- same address, at most $3 later.  Only the next 50 entries of the account are searched for it, so that no number of
-- entries makes the query slow.  More entries in between can only make it announce an attempt.
-- row: attempts int, since_us int, until_us int, addresses int, address text
SELECT count(*) AS attempts, coalesce(min(at_us), 0) AS since_us, coalesce(max(at_us), 0) AS until_us,
       count(DISTINCT address) AS addresses, coalesce(max(address), '') AS address
FROM (
	SELECT u.at_us, u.address FROM (
		SELECT at_us, address, browser FROM audit
		WHERE account_id = $1 AND at_us > $2
			AND outcome = 'refused' AND event IN ('signin.refused', 'prove.refused', 'password.refused', 'passkey.refused')
		ORDER BY at_us DESC LIMIT 1000) AS u
	WHERE NOT EXISTS (
		SELECT 1 FROM (
			SELECT outcome, browser, address FROM audit
			WHERE account_id = $1 AND at_us >= u.at_us AND at_us <= u.at_us + $3
			ORDER BY at_us LIMIT 50) AS p
		WHERE p.outcome = 'passed' AND p.browser = u.browser AND p.address = u.address)) AS alarming;

-- name: alarm_settle
UPDATE accounts SET refused = $1, alarm_from_us = $2 WHERE id = $3;

-- name: alarm_code_sign_in_dismiss
UPDATE accounts SET code_sign_in_at_us = 0 WHERE id = $1 AND code_sign_in_at_us BETWEEN 1 AND $2;

-- name: alarm_raise
-- unguarded: a refused attempt is recorded even if the session has ended
UPDATE accounts SET refused = 1 WHERE id = $1 AND refused = 0;
