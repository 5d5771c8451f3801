-- Queries of the gate.

-- name: gate_session
-- The session, its proofs, and the user data for applications.
-- row: basis session_basis, token_hash hash, name text, display_name text, email text, group_names text
SELECT s.id, s.account_id, s.created_at_us, s.seen_at_us, s.password_at_us, s.factor_at_us, s.factor_id, s.recovered_at_us,
       s.user_verified_at_us, s.passkey_at_us, s.remembered <> 0 AS remembered, a.disabled_at_us IS NOT NULL AS account_disabled, f.kind AS factor_kind,
       coalesce((SELECT backup_eligible FROM passkeys WHERE factor_id = f.id), 0) <> 0 AS factor_synced,
       (SELECT min(confirmed_at_us) FROM factors WHERE account_id = a.id) AS factor_since_us,
       s.token_hash, a.name, a.display_name, a.email, a.group_names
FROM sessions s
JOIN accounts a ON a.id = s.account_id
LEFT JOIN factors f ON f.id = s.factor_id AND f.account_id = a.id AND f.confirmed_at_us IS NOT NULL
	AND f.disabled_at_us IS NULL
WHERE s.id = $1;

-- name: gate_grant
UPDATE sessions SET gated_at_us = $1, seen_at_us = $1, way_back = '' WHERE id = $2 AND gated_at_us < $1;

-- name: gate_ticket_insert
INSERT INTO gate_tickets (id, ticket_hash, session_id, url, expires_at_us) VALUES ($1, $2, $3, $4, $5);

-- name: gate_ticket_trim
-- Keeps only the newest $2 tickets of a session.
DELETE FROM gate_tickets WHERE id IN (
	SELECT id FROM gate_tickets WHERE session_id = $1 ORDER BY expires_at_us DESC, id LIMIT 100 OFFSET $2);

-- name: gate_ticket_spend
-- unguarded: the ticket authorizes the request, and this statement consumes it
-- Returns the deleted row: of two simultaneous requests, only one gets it.
-- row: session_id int, url text
DELETE FROM gate_tickets WHERE ticket_hash = $1 AND expires_at_us > $2 RETURNING session_id, url;

-- name: gate_ticket_purge
DELETE FROM gate_tickets WHERE id IN (SELECT id FROM gate_tickets WHERE expires_at_us <= $1 LIMIT $2);

-- name: gate_email_set
UPDATE accounts SET email = $1, updated_at_us = $3 WHERE id = $2;

-- name: gate_groups_set
UPDATE accounts SET group_names = $1, updated_at_us = $3 WHERE id = $2;

-- name: gate_account_sessions
-- row: session_token
SELECT token_hash FROM sessions WHERE account_id = $1;
