-- name: audit_insert
-- unguarded: a refused attempt is recorded even if the session has ended
INSERT INTO audit (at_us, event, outcome, reason, account_id, subject_hash, address, agent, request_id, actor, browser,
                   client)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: audit_client_entries
-- The entries after $4 and up to $5 about this account, event, application ($3) and reason ($6).  Only the newest 1,000
-- entries of the account in that time are searched, because the transaction holds locks.
-- row: address text
SELECT address FROM (
	SELECT event, client, reason, address FROM audit
	WHERE account_id = $1 AND at_us > $4 AND at_us <= $5
	ORDER BY at_us DESC LIMIT 1000) AS newest
WHERE event = $2 AND client = $3 AND reason = $6;

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
