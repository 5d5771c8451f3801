-- name: audit_insert
-- unguarded: a refused attempt is recorded even if the session has ended
INSERT INTO audit (at_us, event, outcome, reason, account_id, subject_hash, address, agent, request_id, actor, browser,
                   client)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: audit_purge
DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at_us <= $1 LIMIT $2);
