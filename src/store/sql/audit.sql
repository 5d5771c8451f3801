-- name: audit_insert
-- If the account has been closed since the request found it, the entry has no personal data, as after audit_redact.
-- With PostgreSQL the statement waits for a transaction that closes the account.
-- unguarded: a refused attempt is recorded even if the session has ended
-- dialect: postgres
INSERT INTO audit (at_us, event, outcome, reason, account_id, subject_hash, address, agent, request_id, actor, browser,
                   client)
SELECT $1, $2, $3, $4, $5, $6, CASE WHEN a.open THEN $7 ELSE '' END, CASE WHEN a.open THEN $8 ELSE '' END,
       CASE WHEN a.open THEN $9 ELSE '' END, $10, CASE WHEN a.open THEN CAST($11 AS BIGINT) END,
       CASE WHEN a.open THEN $12 ELSE '' END
FROM (SELECT count(*) = 1 OR $5 IS NULL AS open FROM (SELECT id FROM accounts WHERE id = $5 FOR KEY SHARE) AS k) AS a;

-- name: audit_insert
-- unguarded: a refused attempt is recorded even if the session has ended
-- dialect: sqlite
INSERT INTO audit (at_us, event, outcome, reason, account_id, subject_hash, address, agent, request_id, actor, browser,
                   client)
SELECT $1, $2, $3, $4, $5, $6, CASE WHEN a.open THEN $7 ELSE '' END, CASE WHEN a.open THEN $8 ELSE '' END,
       CASE WHEN a.open THEN $9 ELSE '' END, $10, CASE WHEN a.open THEN CAST($11 AS BIGINT) END,
       CASE WHEN a.open THEN $12 ELSE '' END
FROM (SELECT count(*) = 1 OR $5 IS NULL AS open FROM (SELECT id FROM accounts WHERE id = $5) AS k) AS a;

-- name: audit_client_newest
-- The newest entry after $4 and up to $5 about this account, event, application ($3) and reason ($6).  Only the newest
-- 1,000 entries of the account in that time are searched, because the transaction holds locks.
-- row: at_us int
SELECT at_us FROM (
	SELECT at_us, event, client, reason FROM audit
	WHERE account_id = $1 AND at_us > $4 AND at_us <= $5
	ORDER BY at_us DESC LIMIT 1000) AS newest
WHERE event = $2 AND client = $3 AND reason = $6
ORDER BY at_us DESC LIMIT 1;

-- name: audit_later
-- The time of the entry of this account after $2 that has $3 entries before it, counted from $2.
-- row: at_us int
SELECT at_us FROM audit WHERE account_id = $1 AND at_us > $2 ORDER BY at_us LIMIT 1 OFFSET $3;

-- name: audit_redact
-- Removes personal data from the entries of a closed account after $2 and up to $3. Event and time stay.
UPDATE audit SET address = '', agent = '', request_id = '', browser = NULL, client = ''
WHERE account_id = $1 AND at_us > $2 AND at_us <= $3;

-- name: audit_purge
DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at_us <= $1 LIMIT $2);
